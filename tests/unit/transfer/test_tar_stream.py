"""The tar reader against archives of Python's own writer, cut anywhere, and damaged ones."""

from __future__ import annotations

import io
import itertools
import tarfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sampan.errors import InvalidArgument, TooLarge
from sampan.transfer.tar_stream import Member, MemberEnd, MemberKind, TarStream
from sampan.transfer.tar_writer import (
    END,
    directory_header,
    file_header,
    file_member,
    symlink_header,
)


def read(data: bytes, cuts: list[int] | None = None) -> list[tuple[Member, bytes]]:
    """Every member and its content, fed in pieces that end at ``cuts``."""
    stream = TarStream()
    members: list[tuple[Member, bytearray]] = []
    open_member = False
    for start, end in _spans(len(data), cuts or []):
        for step in stream.feed(data[start:end]):
            if isinstance(step, Member):
                assert not open_member
                members.append((step, bytearray()))
                open_member = True
            elif step is MemberEnd.END:
                assert open_member
                open_member = False
            else:
                members[-1][1].extend(step)
    stream.close()
    assert not open_member
    return [(member, bytes(content)) for member, content in members]


def _spans(length: int, cuts: list[int]) -> list[tuple[int, int]]:
    edges = sorted({0, length, *(cut % (length + 1) for cut in cuts)})
    return list(itertools.pairwise(edges))


def written(files: list[tuple[str, bytes]], form: int) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=form) as archive:
        for name, content in files:
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


_names = st.text(
    alphabet=st.characters(blacklist_characters="\0/", blacklist_categories=["Cs"]), min_size=1, max_size=150
)


@given(
    st.lists(st.tuples(_names, st.binary(max_size=1200)), max_size=5),
    st.sampled_from([tarfile.PAX_FORMAT, tarfile.GNU_FORMAT]),
    st.lists(st.integers(0, 100_000), max_size=8),
)
def test_what_was_written_is_read_wherever_it_is_cut(
    files: list[tuple[str, bytes]], form: int, cuts: list[int]
) -> None:
    found = read(written(files, form), cuts)
    assert [(member.name, content) for member, content in found] == files
    assert all(member.kind is MemberKind.FILE for member, _ in found)


def test_links_and_directories() -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for kind, name, target in (
            (tarfile.DIRTYPE, "d", ""),
            (tarfile.SYMTYPE, "s", "t" * 200),
            (tarfile.LNKTYPE, "l", "d/f"),
            (tarfile.CHRTYPE, "c", ""),
        ):
            info = tarfile.TarInfo(name)
            info.type = kind
            info.linkname = target
            archive.addfile(info)
    kinds = [(member.kind, member.link) for member, _ in read(buffer.getvalue())]
    assert kinds == [
        (MemberKind.DIRECTORY, ""),
        (MemberKind.SYMLINK, "t" * 200),
        (MemberKind.HARD_LINK, "d/f"),
        (MemberKind.OTHER, ""),
    ]


@given(st.binary(max_size=3000), st.integers(0, 5000), st.binary(max_size=600))
def test_noise_is_refused_or_read_but_never_an_accident(noise: bytes, position: int, rest: bytes) -> None:
    data = bytearray(file_member("name", b"x" * 700) + END)
    data[position : position + len(noise)] = noise
    try:
        read(bytes(data) + rest)
    except InvalidArgument:
        return


def test_the_end_marker_ends_it() -> None:
    stream = TarStream()
    assert list(stream.feed(END)) == []
    assert stream.complete
    assert list(stream.feed(b"anything")) == []
    stream.close()


@pytest.mark.parametrize("length", [1, 511, 513, 700, 1023])
def test_an_archive_cut_short_is_noticed(length: int) -> None:
    with pytest.raises(InvalidArgument):
        read(file_member("name", b"x" * 700)[:length])


def _with_size(field: bytes) -> bytes:
    header = bytearray(file_header("name", 0))
    header[124:136] = field.ljust(12, b"\0")
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    return bytes(header)


@pytest.mark.parametrize("field", [b"999", b"-1", b"\xff" * 12, b"\x80" + b"\xff" * 11, b"12x"], ids=repr)
def test_an_impossible_size_is_refused(field: bytes) -> None:
    with pytest.raises(InvalidArgument):
        list(TarStream().feed(_with_size(field)))


def test_a_huge_extended_header_is_refused_before_it_comes() -> None:
    header = bytearray(file_header("name", 2 << 20))
    header[156:157] = b"x"
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    with pytest.raises(TooLarge):
        list(TarStream().feed(bytes(header)))


def test_many_pax_records_are_read_in_linear_time() -> None:
    body = b"5 a=\n" * 200_000
    header = bytearray(file_header("name", len(body)))
    header[156:157] = b"x"
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    data = bytes(header) + body + bytes(-len(body) % 512) + file_member("f", b"1") + END
    assert [(member.name, content) for member, content in read(data)] == [("f", b"1")]


@pytest.mark.parametrize("record", [b"x", b"99 path=a\n", b"3 path=a\n", b"0 path=a\n", b"7 path\n"])
def test_a_malformed_pax_record_is_refused(record: bytes) -> None:
    header = bytearray(file_header("name", len(record)))
    header[156:157] = b"x"
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    with pytest.raises(InvalidArgument):
        list(TarStream().feed(bytes(header) + record + bytes(-len(record) % 512)))


def test_pythons_reader_agrees_with_our_writer() -> None:
    data = (
        directory_header("d/", mode=0o1777)
        + file_member("d/f", b"hello", mode=0o600)
        + symlink_header("d/s", "f")
        + END
    )
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        found = [(one.name, one.mode, one.size, one.linkname, one.mtime) for one in archive.getmembers()]
        file = archive.extractfile("d/f")
        assert file is not None
        assert file.read() == b"hello"
    assert found == [("d", 0o1777, 0, "", 0), ("d/f", 0o600, 5, "", 0), ("d/s", 0o777, 0, "f", 0)]


def test_more_than_eight_gigabytes_fit_a_header() -> None:
    size = 9 << 30
    with tarfile.open(fileobj=io.BytesIO(file_header("big", size) + END), mode="r:") as archive:
        assert archive.next().size == size  # type: ignore[union-attr]
    (member,) = list(TarStream().feed(file_header("big", size)))
    assert isinstance(member, Member)
    assert member.size_bytes == size
    with pytest.raises(ValueError, match="too long"):
        file_header("n" * 101, 0)
