"""Names for containers that were not given one: an adjective and a part of a ship."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

_LEFT = (
    "able agile amber ample azure balmy bold brave breezy bright brisk calm candid cheery civil clear clever "
    "coral cosy crisp deft deep eager early easy even fair fast fine firm fleet fond free fresh full gentle glad "
    "golden grand green handy hardy hearty honest humble ivory jade jolly keen kind late level light lively loyal "
    "lucid lucky mellow merry mild modest neat nimble noble northern olive open patient placid plain polite prime "
    "proud quick quiet ready rosy rustic sandy serene sharp silent silver simple sleek smooth snug sober solid "
    "southern spry stable steady still sturdy subtle sunny swift tidal tidy tranquil trim true trusty upbeat vast "
    "vivid warm wary western wide wise witty young zesty"
).split()
_RIGHT = (
    "anchor ballast barge batten beacon bilge binnacle boom bow bowsprit bridge bulkhead buoy cabin cable canoe "
    "capstan cargo chart clew cleat clipper compass coracle cutter davit deck dhow dinghy dock dory felucca fender "
    "ferry forestay gaff galley gangway gunwale halyard harbour hatch hawser helm hull jetty jib junk kayak keel "
    "keelson ketch lagoon lantern lateen launch leeward lighthouse locker lugger mainsail mast mizzen mooring oar "
    "outrigger paddle pier pilot pinnace planking port prow punt quay raft ratline reef rigging rowlock rudder "
    "sail schooner scull sextant sheet shoal shroud skiff sloop spar spinnaker sprit stay stern strake tender "
    "thwart tide tiller topsail transom trawler tug wake wharf wherry winch windlass yawl"
).split()
_TRIES = 6


def generate(random: Random, taken: Callable[[str], bool]) -> str:
    """A free name such as ``calm_tiller``; a number is added when chance keeps meeting taken ones."""
    name = ""
    for _ in range(_TRIES):
        name = f"{random.choice(_LEFT)}_{random.choice(_RIGHT)}"
        if not taken(name):
            return name
    number = 1
    while taken(f"{name}{number}"):
        number += 1
    return f"{name}{number}"
