"""The tables beside the journal.

R1  Every primary key begins with the owner (parcel, site, locker, partner, recipient), so that
    the tables can be hash-partitioned by it.
R2  Tables of the first part follow facts: :mod:`.inline` alone writes them.
R3  Tables of the second part are written by operations, in the same transactions as facts.
R4  Codes and contacts are sealed before they come here; keys and links are kept as digests.

It knows columns and no rules.
"""

from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
)

VIEWS: Final = MetaData()
"""All tables of this room; the journal makes them and writes their rows."""

# ── What follows from facts ───────────────────────────────────────────────────────────────────

PARCELS: Final = Table(
    "parcels",
    VIEWS,
    Column("parcel", Text, primary_key=True),
    Column("partner", Text, nullable=False),
    Column("recipient", Text, nullable=False),
    Column("label", Text, nullable=False),
    Column("reference", Text, nullable=False),
    Column("site", Text, nullable=False),
    Column("locker", Text),
    Column("compartment", Text),
    Column("state", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("status_group", Text, nullable=False),
    Column("length_mm", Integer, nullable=False),
    Column("width_mm", Integer, nullable=False),
    Column("height_mm", Integer, nullable=False),
    Column("weight_g", Integer, nullable=False),
    Column("keep_upright", Boolean, nullable=False),
    Column("needs_low_door", Boolean, nullable=False),
    Column("booking", Text),
    Column("is_firm", Boolean),
    Column("booking_expires_at", BigInteger),
    Column("hold_until", BigInteger),
    Column("extension_count", Integer),
    Column("courier", Text),
    Column("changed_at", BigInteger, nullable=False),
    Column("position", BigInteger, nullable=False),
)
"""Every parcel as it stands. Courier: who has it after a retrieval."""

Index("parcels_of_partner", PARCELS.c.partner, PARCELS.c.position)
Index("parcels_at_site", PARCELS.c.site, PARCELS.c.status_group, PARCELS.c.position)
Index("parcels_of_recipient", PARCELS.c.recipient, PARCELS.c.position)
Index("parcels_by_label", PARCELS.c.label)
Index("parcels_by_position", PARCELS.c.position)

MILESTONES: Final = Table(
    "milestones",
    VIEWS,
    Column("parcel", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("at", BigInteger, nullable=False),
    Column("position", BigInteger, nullable=False),
)
"""When a parcel was announced, booked, deposited, ... the last time; states forget it."""

BOOKINGS: Final = Table(
    "bookings",
    VIEWS,
    Column("site", Text, primary_key=True),
    Column("booking", Text, primary_key=True),
    Column("parcel", Text, nullable=False),
    Column("from_at", BigInteger, nullable=False),
    Column("until", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Column("is_firm", Boolean, nullable=False),
    Column("is_inside", Boolean, nullable=False),
    Column("length_mm", Integer, nullable=False),
    Column("width_mm", Integer, nullable=False),
    Column("height_mm", Integer, nullable=False),
    Column("position", BigInteger, nullable=False),
)
"""Room set aside or taken; rows of what ended are gone."""

Index("bookings_by_id", BOOKINGS.c.booking)

COMPARTMENTS: Final = Table(
    "compartments",
    VIEWS,
    Column("locker", Text, primary_key=True),
    Column("compartment", Text, primary_key=True),
    Column("content", Text, nullable=False),
    Column("door", Text, nullable=False),
    Column("parcel", Text),
    Column("out_of_service", Text),
    Column("opening_count", Integer, nullable=False),
    Column("failure_count", Integer, nullable=False),
    Column("changed_at", BigInteger, nullable=False),
    Column("position", BigInteger, nullable=False),
)
"""Every compartment as its locker last reported it."""

Index("compartments_of_parcel", COMPARTMENTS.c.parcel)

TIMERS: Final = Table(
    "timers",
    VIEWS,
    Column("owner", Text, primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("due_at", BigInteger, nullable=False),
)
"""What must happen when time passes. Owner: a parcel; kind: ``hold`` or ``booking``."""

Index("timers_by_time", TIMERS.c.due_at)

LIST_ENTRIES: Final = Table(
    "list_entries",
    VIEWS,
    Column("site", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("position", BigInteger, nullable=False),
    Column("is_present", Boolean, nullable=False),
    Column("body", LargeBinary),
)
"""What the lockers of a site may do. A list's version is its highest position.

An entry present without a body has it in ``list_bodies``. Absent entries stay, so that a locker
that was away is told what it must forget.
"""

Index("list_entries_by_position", LIST_ENTRIES.c.site, LIST_ENTRIES.c.position)
Index("list_changes", LIST_ENTRIES.c.position)

ANOMALIES: Final = Table(
    "anomalies",
    VIEWS,
    Column("owner", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("detail", Text, nullable=False),
    Column("site", Text),
    Column("locker", Text),
    Column("compartment", Text),
    Column("parcel", Text),
    Column("partner", Text),
    Column("noticed_at", BigInteger, nullable=False),
    Column("status", Text, nullable=False),
    Column("handled_by", Text),
    Column("handled_at", BigInteger),
    Column("note", Text, nullable=False),
)
"""Things that need a person: ``open``, ``acknowledged`` or ``resolved``. Owner: parcel, locker or
site. Facts and operations open them; operators and later facts close them."""

Index("anomalies_by_status", ANOMALIES.c.status, ANOMALIES.c.noticed_at)
Index(
    "anomalies_by_end",
    ANOMALIES.c.handled_at,
    sqlite_where=ANOMALIES.c.handled_at.is_not(None),
    postgresql_where=ANOMALIES.c.handled_at.is_not(None),
)

# ── What operations keep ──────────────────────────────────────────────────────────────────────

SITES: Final = Table(
    "sites",
    VIEWS,
    Column("site", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("address", Text, nullable=False),
    Column("place", Text, nullable=False),
    Column("latitude", Float, nullable=False),
    Column("longitude", Float, nullable=False),
    Column("zone", Text, nullable=False),
    Column("opening_hours", Text, nullable=False),
    Column("help_phone", Text, nullable=False),
    Column("language", Text, nullable=False),
    Column("lockers", Text, nullable=False),
    Column("opened_at", BigInteger, nullable=False),
)
"""Places where parcels wait. ``place``: how to find it, for people. ``lockers``: JSON list."""

LOCKERS: Final = Table(
    "lockers",
    VIEWS,
    Column("locker", Text, primary_key=True),
    Column("site", Text, nullable=False),
    Column("model", Text, nullable=False),
    Column("layout", LargeBinary, nullable=False),
)
"""Machines. ``layout``: JSON list of :class:`restante.core.size.CompartmentSpec`."""

Index("lockers_of_site", LOCKERS.c.site)

LOCKER_LINKS: Final = Table(
    "locker_links",
    VIEWS,
    Column("locker", Text, primary_key=True),
    Column("seen_at", BigInteger, nullable=False),
    Column("release", Text, nullable=False),
    Column("epoch", Text, nullable=False),
    Column("list_version", BigInteger, nullable=False),
    Column("unsent_count", Integer, nullable=False),
    Column("unsent_since", BigInteger),
)
"""What each locker last said about itself."""

WATERMARKS: Final = Table(
    "watermarks",
    VIEWS,
    Column("locker", Text, primary_key=True),
    Column("epoch", Text, primary_key=True),
    Column("seq", BigInteger, nullable=False),
)
"""Facts of a locker up to ``seq`` are in the journal; written with them."""

QUARANTINE: Final = Table(
    "quarantine",
    VIEWS,
    Column("locker", Text, primary_key=True),
    Column("epoch", Text, primary_key=True),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("tag", Text, nullable=False),
    Column("why", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("received_at", BigInteger, nullable=False),
)
"""Facts that were stored and could not be applied."""

Index("quarantine_by_age", QUARANTINE.c.received_at)

PARTNERS: Final = Table(
    "partners",
    VIEWS,
    Column("partner", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
)
"""Carriers, retailers, property owners."""

API_KEYS: Final = Table(
    "api_keys",
    VIEWS,
    Column("key_id", Text, primary_key=True),
    Column("partner", Text, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Column("scopes", Text, nullable=False),
    Column("label", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger),
    Column("revoked_at", BigInteger),
)
"""Found by the id a key names, so the id owns the row. ``scopes``: separated by spaces."""

Index("api_keys_of_partner", API_KEYS.c.partner)

COURIERS: Final = Table(
    "couriers",
    VIEWS,
    Column("courier", Text, primary_key=True),
    Column("partner", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("login", Text, nullable=False),
    Column("sites", Text, nullable=False),
    Column("valid_until", BigInteger, nullable=False),
)
"""Persons who put parcels in. ``sites``: JSON list of where they sign in by PIN."""

Index("couriers_by_login", COURIERS.c.login)
Index("couriers_of_partner", COURIERS.c.partner)
Index("couriers_by_end", COURIERS.c.valid_until)

COURIER_LOGINS: Final = Table(
    "courier_logins",
    VIEWS,
    Column("login", Text, primary_key=True),
    Column("courier", Text, nullable=False),
)
"""No two couriers type the same number."""

Index("logins_of_courier", COURIER_LOGINS.c.courier)

LIST_BODIES: Final = Table(
    "list_bodies",
    VIEWS,
    Column("site", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("body", LargeBinary, nullable=False),
)
"""Bodies of list entries that no fact holds: verifiers, couriers, the site's note."""

LIST_FLOORS: Final = Table(
    "list_floors",
    VIEWS,
    Column("site", Text, primary_key=True),
    Column("position", BigInteger, nullable=False),
)
"""Absent entries up to this position were swept, or what came before it may be another list than
the lockers were told, in records put back from a copy; older lists are sent whole."""

LABELS: Final = Table(
    "labels",
    VIEWS,
    Column("partner", Text, primary_key=True),
    Column("label", Text, primary_key=True),
    Column("parcel", Text, nullable=False),
)
"""The last parcel a partner announced with a label."""

SUBJECTS: Final = Table(
    "subjects",
    VIEWS,
    Column("recipient", Text, primary_key=True),
    Column("wrapped_key", LargeBinary, nullable=False),
)
"""One data key for each recipient; without it contact and codes are unreadable for ever."""

CONTACTS: Final = Table(
    "contacts",
    VIEWS,
    Column("recipient", Text, primary_key=True),
    Column("sealed", LargeBinary, nullable=False),
    Column("changed_at", BigInteger, nullable=False),
)
"""How a recipient is reached, sealed."""

Index("contacts_by_age", CONTACTS.c.changed_at)

CODES: Final = Table(
    "codes",
    VIEWS,
    Column("parcel", Text, primary_key=True),
    Column("grant", Text, primary_key=True),
    Column("recipient", Text, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    Column("issued_at", BigInteger, nullable=False),
)
"""PINs, sealed; read only to tell their owner."""

Index("codes_by_age", CODES.c.issued_at)

PIN_PRINTS: Final = Table(
    "pin_prints",
    VIEWS,
    Column("site", Text, primary_key=True),
    Column("print", LargeBinary, primary_key=True),
    Column("grant", Text, nullable=False),
    Column("selector", Text, nullable=False),
    Column("issued_at", BigInteger, nullable=False),
)
"""Fingerprints of a site's live and recent PINs, so that none is given twice."""

Index("pin_prints_by_age", PIN_PRINTS.c.issued_at)

LINKS: Final = Table(
    "links",
    VIEWS,
    Column("digest", LargeBinary, primary_key=True),
    Column("parcel", Text, nullable=False),
    Column("recipient", Text, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
)
"""Recipients' links; found by digest, so the digest owns the row."""

Index("links_by_age", LINKS.c.expires_at)

ANSWERS: Final = Table(
    "answers",
    VIEWS,
    Column("partner", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("request_hash", LargeBinary, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("at", BigInteger, nullable=False),
)
"""Answers to requests that carried an idempotency key."""

Index("answers_by_age", ANSWERS.c.at)
