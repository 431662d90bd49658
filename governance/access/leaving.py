"""An answer that is to leave as a file: whether the rules behind it let it, and the refusal where they don't."""

from __future__ import annotations

from governance.access.policy import Policy
from governance.terms import Grant, Refusal, Text

CODE = "export_not_allowed"


def kept_in(grant: Grant, policy: Policy) -> Refusal | None:
    """Return why the granted answer may not leave as a file, with the nearest rule and whom to ask; None where it may.

    A rule that says so is named before one that is merely silent.
    """
    if grant.export:
        return None
    policy = policy.of(grant.actor)
    rules = [policy.rules[name].rule for name in grant.kept_in if name in policy.rules]
    said = next((rule for rule in rules if rule.export is False), None)
    nearest = said or (rules[0] if rules else None)
    role = policy.roles.get(grant.actor.role)
    zh, en = (f"规则 {said.id} 不允许", f"the rule {said.id} keeps it in") if said else ("您的角色没有导出权限", "your role has no right to files")
    you_may = [Text(zh="在页面上查看这个答案", en="Look at the answer on the page")]
    if role is not None and role.ask_instead is not None:
        whom = role.ask_instead.text()
        you_may.append(Text(zh=f"可向{whom.zh}申请导出权限", en=f"Request the right to files from {whom.en}"))
    message = Text(zh=f"这个答案不能以文件带走：{zh}。", en=f"This answer may not leave as a file: {en}.")
    return Refusal(code=CODE, message=message, rule=nearest.id if nearest else "silence_means_no", you_may=tuple(you_may))
