"""Report of a run, in a few lines."""

from collections import Counter

from tools.chaos.chaos_run import RunResult
from tools.chaos.repeated_sends import repeated_sends


def summary(result: RunResult) -> str:
    """Return what happened, in numbers."""
    history, evidence = result.history, result.evidence
    told = {call.reference for call in history.calls if call.action == "place" and call.status in {200, 201}}
    refused = sum(call.status not in {200, 201} for call in history.calls)
    events = [record for record in evidence.records if record.type]
    statuses = Counter(entry.status for entry in evidence.ledger)
    marked = sum(entry.possible_duplicate for entry in evidence.ledger)
    doubled_events = len(events) - len({record.id for record in events})
    doubled_mails = len(evidence.mails) - len({mail.notification_id for mail in evidence.mails})
    lost_answers = sum(send.accepted and not send.told for send in history.sends)
    reasons = Counter(str(each.disturbance) for each in repeated_sends(history) if each.send.accepted)
    kinds = Counter(f"{fault.target} {fault.kind}" for fault in history.faults)
    after = "never" if evidence.drained_after is None else f"{evidence.drained_after:.0f} s after healing"
    return "\n".join(
        [
            f"faults: {len(history.faults)}: {', '.join(f'{count} {kind}' for kind, count in sorted(kinds.items()))}",
            f"requests: {len(history.calls)}, {refused} of them without a yes; orders answered: {len(told)}",
            f"orders stored: {len(evidence.orders)}; events: {len(events)}, {doubled_events} of them repeats",
            f"notifications: {dict(statuses)}, {marked} of them possible duplicates",
            f"mails: {len(evidence.mails)}, {doubled_mails} of them repeats; answers of SES lost: {lost_answers}",
            f"mails sent again, by their reason: {dict(sorted(reasons.items()))}",
            f"dead letters: {len(history.dead_letters)}; backlog done: {after}",
        ]
    )
