"""What a FETCH response holds, as octets (RFC 3501 §7.4.2 and §9: msg-att; RFC 3516 §7, RFC 7162 §7)."""

from __future__ import annotations

from reference_server.imap.datetimes import date_time_text
from reference_server.imap.fetchitems import Attribute, BodySection, Partial, Section
from reference_server.imap.renderer_strings import Pieces, StringRenderer
from reference_server.imap.responses import (
    BinaryItem,
    BinarySizeItem,
    DateItem,
    FetchData,
    FlagsItem,
    NumberItem,
    StructureItem,
    TextItem,
)
from reference_server.mime.bodystructure import Structure

_NUMBERS = {
    Attribute.UID: b"UID %d",
    Attribute.RFC822_SIZE: b"RFC822.SIZE %d",
    Attribute.MODSEQ: b"MODSEQ (%d)",
}


class FetchRenderer(StringRenderer):
    """Renders the items of a FETCH response."""

    def fetch_data(self, data: FetchData) -> Pieces:
        """An item's name and value."""
        # Flags and numbers of a hundred thousand messages come here, so these two are asked for first.
        if isinstance(data, FlagsItem):
            return [self.flags_item(data.flags)]
        if isinstance(data, NumberItem):
            return [self.number_item(data.attribute, data.value)]
        if isinstance(data, DateItem):
            return [b'INTERNALDATE "%b"' % date_time_text(data.moment).encode("ascii")]
        if isinstance(data, StructureItem):
            return [data.attribute.value.encode("ascii"), b" ", self.structure(data.structure)]
        return self.octets_data(data)

    def octets_data(self, data: TextItem | BinaryItem | BinarySizeItem) -> Pieces:
        """What comes out of the message as it is, or its size."""
        match data:
            case TextItem(item, octets):
                return [self.text_label(item), b" ", *self.message_text(octets)]
            case BinaryItem(item, octets):
                return [b"BINARY", self.part(item.part), origin(item.partial), b" ", *self.binary(octets)]
            case BinarySizeItem(item, size):
                return [b"BINARY.SIZE", self.part(item.part), b" %d" % size]

    def flags_item(self, flags: tuple[str, ...]) -> bytes:
        """FLAGS."""
        return b"FLAGS (%b)" % " ".join(flags).encode("ascii")

    def number_item(self, attribute: Attribute, value: int) -> bytes:
        """UID and RFC822.SIZE, and MODSEQ, which has parentheses (RFC 7162 §7, fetch-mod-resp)."""
        return _NUMBERS[attribute] % value

    def text_label(self, item: BodySection | Attribute) -> bytes:
        """The name of a text: as the client asked for it, without PEEK, with the origin of a partial."""
        if isinstance(item, Attribute):
            return item.value.encode("ascii")
        return b"BODY" + self.section(item.section) + origin(item.partial)

    def section(self, section: Section) -> bytes:
        """`section`."""
        words = [self.part(section.part)[1:-1]] if section.part else []
        if section.text is not None:
            words.append(section.text.value.encode("ascii"))
        names = b" (%b)" % b" ".join(map(self.astring, section.fields)) if section.fields else b""
        return b"[%b%b]" % (b".".join(words), names)

    def part(self, part: tuple[int, ...]) -> bytes:
        """`section-binary`."""
        return b"[%b]" % ".".join(map(str, part)).encode("ascii")

    def message_text(self, octets: bytes | None) -> Pieces:
        """`nstring`, as a literal unless it is empty."""
        if octets is None:
            return [b"NIL"]
        return self.literal(octets) if octets else [b'""']

    def binary(self, octets: bytes | None) -> Pieces:
        """`nstring / literal8`: literal8 only where there is a NUL (RFC 3516 §4.3)."""
        if octets is not None and b"\x00" in octets:
            return self.literal8(octets)
        return self.message_text(octets)

    def structure(self, structure: Structure) -> bytes:
        """ENVELOPE, BODY or BODYSTRUCTURE, or a part of one."""
        if isinstance(structure, tuple):
            return self.structure_list(structure)
        if isinstance(structure, int):
            return b"%d" % structure
        return self.nstring(structure)

    # body-type-mpart = 1*body SP media-subtype [SP body-ext-mpart]               env-from = "(" 1*address ")" / nil
    def structure_list(self, structure: tuple[Structure, ...]) -> bytes:
        """A list. Lists at its beginning stand side by side, everything else has a space in front."""
        first_other = next((at for at, each in enumerate(structure) if not isinstance(each, tuple)), len(structure))
        rendered = list(map(self.structure, structure))
        side_by_side = b"".join(rendered[:first_other])
        return b"(%b)" % b" ".join([side_by_side] * bool(first_other) + rendered[first_other:])


# "<" number ">"
def origin(partial: Partial | None) -> bytes:
    """The origin octet of a partial."""
    return b"" if partial is None else b"<%d>" % partial.offset
