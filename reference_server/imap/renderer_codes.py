"""Response codes as octets (RFC 3501 §9: resp-text-code; RFC 4315 §4, RFC 7162 §7)."""

from __future__ import annotations

from reference_server.imap.response_codes import (
    AppendUid,
    BadCharset,
    Capabilities,
    Code,
    CopyUid,
    HighestModSeq,
    Modified,
    PermanentFlags,
    ResponseCode,
    UidNext,
    UidValidity,
    Unseen,
)
from reference_server.imap.sets import set_text


def code_text(code: ResponseCode) -> str:
    """What stands between the brackets."""
    words: list[object]
    match code:
        case Code():
            words = [code.value]
        case UidNext(number) | UidValidity(number) | Unseen(number) | HighestModSeq(number):
            words = [_NUMBERED[type(code)], number]
        case BadCharset(charsets):
            words = ["BADCHARSET", f"({' '.join(charsets)})"] if charsets else ["BADCHARSET"]
        case Capabilities(names):
            words = ["CAPABILITY", *names]
        case PermanentFlags(flags, new_keywords):
            words = ["PERMANENTFLAGS", f"({' '.join([*flags, _NEW_KEYWORDS] if new_keywords else flags)})"]
        case Modified(numbers):
            words = ["MODIFIED", set_text(numbers)]
        case AppendUid(validity, uids):
            words = ["APPENDUID", validity, set_text(uids)]
        case CopyUid(validity, source, destination):
            words = ["COPYUID", validity, set_text(source), set_text(destination)]
    return " ".join(map(str, words))


# flag-perm = flag / "\*"
_NEW_KEYWORDS = "\\*"

_NUMBERED: dict[type[ResponseCode], str] = {
    UidNext: "UIDNEXT",
    UidValidity: "UIDVALIDITY",
    Unseen: "UNSEEN",
    HighestModSeq: "HIGHESTMODSEQ",
}
