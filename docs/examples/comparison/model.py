"""What the analysis computes; it is edited and not committed."""


def scaled(levels, gain, offset):
    return [gain * level + offset for level in levels]
