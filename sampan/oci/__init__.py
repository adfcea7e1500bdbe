"""The Open Container Initiative's values: digest, reference, descriptor, manifest, image config, runtime spec."""
