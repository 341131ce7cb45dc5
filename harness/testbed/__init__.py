"""What surrounds a target that relays: DNS for `.test` names, and scripted next hops that record every Attempt.

A case (`relay/…`) asks its stage for the testbed; each case gets domains and hops of its own, and what it opened ends
with it:

    bed = stage.testbed                                    # NotApplicable where the target cannot be given one
    hop = await bed.hop(greylisting(2))                    # plan: one for each connection, the last one for the rest
    alice = await bed.hop()                                # bounces to alice@{alice.domain} come here
    async with await stage.outgoing() as session:          # where mail to anywhere may be submitted
        await session.deliver(f"alice@{alice.domain}", [f"bob@{hop.domain}"], message)
    first = await hop.attempt(1)                           # the Attempt once it has ended; None if it never came
    await bed.flush()                                      # the target tries what waits in its queue now
    sent = await hop.message(1)                            # the first message that the hop accepted: a Transaction

    first.fate            Fate.DEFERRED                    first.verbs      ("EHLO", "MAIL", "RCPT", "RSET", "QUIT")
    first.transactions    Transaction(reverse_path, parameters, recipients, message, raw, code …)
    first.said            every octet of both sides, in order, with times

`stage.stranger()` is a session of a client whom the target has no reason to trust; `stage.facts.roles` says whose
server the target can be.

Chains: `partner = await stage.partner()` is an account on the reference as the other server. Mail that the target sends
to `partner.address` arrives there (`await partner.delivered(1, within=seconds)`; `partner.refuse()` and
`partner.listen()` let Bob's server go down and come up), and `await partner.send([address], message)` sends to the
target.

Days: `lapse = await stage.time_lapse()` is a server like the target, where that is the reference, on a clock that the
case moves: `await lapse.submit(sender, recipients, message)`, `await lapse.pass_time(1800)`; `lapse.bed` is its
testbed, with the times of that clock.

Waiting is an event with a budget (`within` seconds; usually some retry intervals), never a sleep. `hop.begun(n)`,
`hop.reached(Point.DOT)` and `hop.attempts()` look at attempts that still go on: a target waits ten minutes for a hop
that is silent. `hop.refuse()` and `hop.listen()` close and open the port, `hop.follow(plan)` changes the plan.

Plans (`plan.py`) are data: `deferring(Point.MAIL)`, `refusing(Point.DOT)`, `dropping(Point.DATA)`, `silent(Point.DOT)`,
`without_ehlo()`, `offering_tls()`, `breaking_tls()`, `GOOD.without("8BITMIME")`, `GOOD.announcing("SIZE 1000")`,
`GOOD.answering("bob", "550 5.1.1 no")`, `AttemptPlan(octets_a_second=…)`, `in_turn(plan, plan)`, and for everything
else `GOOD.at(Point.MAIL, "451-4.3.0 two\\r\\n451 4.3.0 lines", Then.CLOSE)`.

DNS: `await bed.domain(f"MX 10 {a.name}.", f"MX 20 {b.name}.")` gives a fresh mail domain with these records,
`bed.domain("MX 0 .")` one with a null MX, `bed.domain(trouble=Trouble.SERVFAIL)` a sick one, `bed.unknown_domain()` one
that does not exist; `bed.name(name, "CNAME x.test.")` gives any other name records, `bed.queries(name)` is what was
asked.

`plan`, `attempt`, `names`: the data. `hop_session`, `hop`, `attempt_log`, `dns_server`: what plays and records it; they
use nothing but dnspython, since a sidecar container runs them too. `bed`: the testbed of a run; `control`, `remote` and
`sidecar` bring it into a container; `case_bed` is one case's share of it.
"""
