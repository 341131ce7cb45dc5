"""AUTH with a mechanism in which the server speaks first (RFC 5034 §4, RFC 2195)."""

from __future__ import annotations

import base64

from harness.cases import case
from harness.stage import Stage
from suites.pop3.acts import expect


@case("pop3/rfc5034-4/initial-response-where-the-server-speaks-first", "RFC5034-4.AUTH-j", requires=("SASL:CRAM-MD5",))
async def initial_response_where_the_server_speaks_first(stage: Stage) -> None:
    """AUTH CRAM-MD5 with an initial response is refused, whatever it is: neither a challenge nor a login follows."""
    digest = f"{stage.account.name} {'0' * 32}"
    for response in (base64.b64encode(digest.encode()).decode(), "="):
        session = await stage.pop3(login=False)
        await expect(stage, session, f"AUTH CRAM-MD5 {response}", "-ERR", "RFC5034-4.AUTH-j")
