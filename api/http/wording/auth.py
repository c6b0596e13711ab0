"""Texts of the door."""

from collections.abc import Mapping
from typing import Final

from api.http.wording.shape import Text, text

TEXTS: Final[Mapping[str, Text]] = {
    "sign-in-needed": text(
        ("请先登录", "尚未登录，或登录已过期（30 分钟未操作，或满 12 小时）。", "请登录后重试。"),
        ("Sign in first", "Nobody is signed in, or the session ended (30 minutes idle, or 12 hours).", "Sign in and try again."),
    ),
    "login-refused": text(
        ("登录失败", "用户名、密码或验证码不正确，或者账号未启用。", "请核对后重试；忘记密码或更换手机请联系系统管理员。"),
        (
            "Sign-in failed",
            "The name, password or code is wrong, or the account is not in use.",
            "Check and try again; for a lost password or phone ask the administrator.",
        ),
    ),
    "too-many-attempts": text(
        ("尝试次数过多", "短时间内登录尝试过多，已暂停受理。", "请等待 {retry_after_s} 秒后再试。"),
        (
            "Too many attempts",
            "Too many sign-in attempts in a short time; further ones are not looked at.",
            "Wait {retry_after_s} seconds and try again.",
        ),
    ),
    "key-refused": text(
        ("接口密钥无效", "密钥不存在、已过期或已撤销。", "请由机构负责人在“接口密钥”页面签发新的密钥。"),
        ("API key refused", "The key is unknown, expired or revoked.", "The head of the institution can issue a new one."),
    ),
    "scope-missing": text(
        ("接口密钥权限不足", "此调用需要的权限：{needed}。", "请签发带有该权限的密钥，或登录后在页面操作。"),
        ("The key lacks a scope", "This call needs: {needed}.", "Issue a key with that scope, or sign in and use the pages."),
    ),
    "read-only-role": text(
        ("审计角色只能查看", "审计账号可以查看全部内容，但不能改动任何内容。", "如需办理，请由业务人员操作。"),
        ("Auditors only read", "An auditor sees everything and changes nothing.", "Somebody of the responsible office must do this."),
    ),
    "forged-request": text(
        ("请求来源不明", "无法确认这一操作来自本系统页面（{why}），为防止冒用已拒绝。", "请刷新页面后重新提交。"),
        ("Not from our page", "It cannot be shown that this came from our own page ({why}), so it was refused.", "Reload the page and submit again."),
        why={
            "origin": ("来源网站不符", "another origin"),
            "site": ("来自其他网站", "another site"),
            "token": ("缺少页面令牌", "the page's token is missing"),
        },
    ),
    "sign-in-again": text(
        ("请重新验证身份", "这一操作要求 {minutes} 分钟内验证过身份。", "请重新登录并输入验证码，然后重试。"),
        ("Confirm who you are", "This act needs a sign-in at most {minutes} minutes old.", "Sign in again with your code, then repeat."),
    ),
    "password-change-needed": text(
        ("请先修改密码", "当前密码由他人设置，须先改为只有您知道的密码。", "请在“修改密码”页面设置新密码。"),
        ("Change the password first", "The present password was set by somebody else.", "Set one that only you know on the password page."),
    ),
    "weak-password": text(
        ("密码不够安全", "密码{why}。", "请使用 {minimum} 个字符以上、他人猜不到的密码，例如几个互不相干的词；不要求大小写或符号。"),
        (
            "The password is too weak",
            "It {why}.",
            "Use at least {minimum} characters that nobody guesses, say a few unrelated words; no symbols are demanded.",
        ),
        why={
            "short": ("少于 12 个字符", "has fewer than 12 characters"),
            "long": ("超过 128 个字符", "has more than 128 characters"),
            "common": ("属于常见密码", "is one of the common ones"),
            "contains-name": ("包含您的姓名、用户名或单位", "contains your name, login or institution"),
            "repeated": ("只是重复的字符", "is only a repetition"),
            "sequence": ("只是键盘或数字顺序", "is only a walk along keys or digits"),
            "same": ("与原密码相同", "is the same as before"),
        },
    ),
    "name-taken": text(
        ("用户名已被使用", "用户名“{login_name}”已存在。", "请换一个用户名。"),
        ("The name is taken", "The login name “{login_name}” exists already.", "Choose another."),
    ),
    "unknown-scope": text(
        ("密钥权限有误", "没有这样的权限：{scope}。", "可选：{known}。"),
        ("Unknown scope", "There is no scope {scope}.", "Choose from: {known}."),
    ),
    "purpose-missing": text(
        ("请说明查看目的", "查看、播放、下载录像须写明目的，并留下记录。", "请填写目的（如抽查轮次或案件编号）后重试。"),
        ("State a purpose", "Footage is shown only for a stated purpose, which is recorded.", "Give the purpose, such as the draw or case number."),
    ),
    "single-sign-on-failed": text(
        ("统一登录失败", "统一身份认证返回的信息未通过核验（{why}）。", "请重新登录；若反复出现，请联系系统管理员。"),
        (
            "Single sign-on failed",
            "The identity provider's answer does not hold ({why}).",
            "Try again; tell the administrator if it keeps happening.",
        ),
        why={
            "state": ("登录过程已过期", "the sign-in took too long or came from elsewhere"),
            "provider": ("认证服务没有正确应答", "the provider did not answer properly"),
            "token": ("身份令牌无效", "the identity token is not valid"),
            "unknown-account": ("没有与之对应的账号", "no account belongs to this identity"),
        },
    ),
    "role-needs-institution": text(
        ("角色与单位不符", "机构角色必须指定机构，其他角色不得指定机构（角色：{role}）。", "请核对角色和所属机构。"),
        (
            "Role and institution do not match",
            "Institution roles need an institution, other roles must have none (role: {role}).",
            "Check role and institution.",
        ),
    ),
}
