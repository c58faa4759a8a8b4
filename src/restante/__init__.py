"""The open operating system for networks of smart parcel lockers and pickup points."""

__version__ = "0.1.0"
