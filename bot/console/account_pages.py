"""Coming in and going out, the first account, the accounts of the others, the audit log."""

from __future__ import annotations

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response

from bot import staff as accounts
from bot.console.app import HOME, SIGN_IN, Console, Page, PublicPage, Visit, inside, said, see
from bot.console.forms import ROLE_NAMES, AccountForm, PasswordForm, SetupForm, SignInForm
from bot.review import Invalid, NotFound
from bot.staff import EVERYONE, OWNER_ONLY, SignInRefused, StaffError
from bot.store.database import now


def sign_in_page(console: Console, request: Request, _form: FormData) -> Response:
    """The form to come in with."""
    target = inside(request.query_params.get("next"))
    if console.visitor(request) is not None:
        return see(target)
    return console.draw(request, "sign_in.html", form=SignInForm(), target=target, refused=None)


def sign_in(console: Console, request: Request, sent: FormData) -> Response:
    """Check the password; a new session begins, whatever the browser had before."""
    form, target = SignInForm(sent), inside(str(sent.get("next", "")))
    if console.too_many_tries(request):
        page = console.draw(
            request, "sign_in.html", 429, form=form, target=target, refused="Too many tries. Wait five minutes."
        )
        page.headers["Retry-After"] = "300"
        return page
    refused = None
    if form.validate():
        try:
            key = accounts.sign_in(
                console.database,
                form.email.data,
                form.password.data,
                now(),
                replaces=request.cookies.get(console.cookie),
            )
            return console.enter(key, target)
        except SignInRefused as error:
            refused = str(error)
    return console.draw(request, "sign_in.html", 403 if refused else 422, form=form, target=target, refused=refused)


def setup_page(console: Console, request: Request, _form: FormData) -> Response:
    """The first start's link: the owner chooses e-mail and password."""
    key = request.query_params.get("token", "")
    if not accounts.setup_open(console.database, key, now()):
        raise NotFound("This link has been used or is too old. Start the service again for a new one.")
    return console.draw(request, "setup.html", form=SetupForm(), token=key, refused=None)


def setup(console: Console, request: Request, sent: FormData) -> Response:
    """Make the owner's account and sign in."""
    form, key = SetupForm(sent), str(sent.get("token", ""))
    # Looked at before a password is hashed, so that a wrong link costs nothing.
    if console.too_many_tries(request) or not accounts.setup_open(console.database, key, now()):
        raise NotFound("This link has been used or is too old. Start the service again for a new one.")
    refused = None
    if form.validate():
        try:
            moment = now()
            owner = accounts.set_up(console.database, key, form.email.data, form.password.data, moment)
            session = accounts.sign_in(console.database, owner.email, form.password.data, moment)
            return console.enter(session, f"{HOME}/queue")
        except StaffError as error:
            refused = str(error)
    return console.draw(request, "setup.html", 422, form=form, token=key, refused=refused)


def sign_out(visit: Visit) -> Response:
    """End the session."""
    accounts.sign_out(visit.console.database, visit.request.cookies[visit.console.cookie], now())
    return visit.console.leave()


def staff_page(visit: Visit) -> Response:
    """Every account."""
    return _staff_page(visit, AccountForm())


def staff_add(visit: Visit) -> Response:
    """Make an account."""
    form = AccountForm(visit.form)
    if not form.validate():
        return _staff_page(visit, form, 422)
    try:
        made = accounts.add(
            visit.console.database, form.email.data, form.role.data, form.password.data, by=visit.staff.email
        )
    except StaffError as error:
        return _staff_page(visit, form, 422, refused=str(error))
    return said(f"{HOME}/staff", f"{made.email} can sign in now.")


def staff_switch(visit: Visit) -> Response:
    """Switch an account on or off."""
    active = visit.form.get("active") == "yes"
    accounts.set_active(visit.console.database, _number(visit.path("id")), active, by=visit.staff)
    return said(f"{HOME}/staff", "The account is switched on." if active else "The account is switched off.")


def staff_password(visit: Visit) -> Response:
    """Give an account a new password."""
    form, account = PasswordForm(visit.form), _account(visit)
    if not form.validate():
        raise Invalid(" ".join(error for errors in form.errors.values() for error in errors))
    accounts.set_password(visit.console.database, account.email, form.password.data, by=visit.staff.email)
    if account.id == visit.staff.id:
        return see(SIGN_IN)
    return said(f"{HOME}/staff", f"{account.email} has a new password and has to sign in again.")


def token_make(visit: Visit) -> Response:
    """Make an API token and show it, this once."""
    account = _account(visit)
    made = accounts.token(visit.console.database, account.email, by=visit.staff.email)
    return visit.page("token.html", account=account, token=made)


def tokens_end(visit: Visit) -> Response:
    """End all API tokens of an account."""
    ended = accounts.revoke_tokens(visit.console.database, _number(visit.path("id")), by=visit.staff)
    return said(f"{HOME}/staff", f"{ended} {'token was' if ended == 1 else 'tokens were'} ended.")


def audit_page(visit: Visit) -> Response:
    """Who did what."""
    before = visit.query("before")
    page = visit.review.audit_log(visit.staff, before=_number(before) if before else None)
    return visit.page("audit.html", page=page)


def _staff_page(visit: Visit, form: AccountForm, status: int = 200, refused: str | None = None) -> Response:
    return visit.page(
        "staff.html",
        status,
        accounts=accounts.listing(visit.console.database),
        form=form,
        password_form=PasswordForm(),
        roles=ROLE_NAMES,
        refused=refused,
    )


def _account(visit: Visit) -> accounts.Account:
    wanted = _number(visit.path("id"))
    for account in accounts.listing(visit.console.database):
        if account.id == wanted:
            return account
    raise NotFound("There is no such account.")


def _number(text: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 15:
        raise NotFound("There is no such thing.")
    return int(text)


PUBLIC = (
    PublicPage("GET", "/sign-in", sign_in_page),
    PublicPage("POST", "/sign-in", sign_in),
    PublicPage("GET", "/setup", setup_page),
    PublicPage("POST", "/setup", setup),
)
PAGES = (
    Page("POST", "/sign-out", EVERYONE, sign_out),
    Page("GET", "/staff", OWNER_ONLY, staff_page),
    Page("POST", "/staff", OWNER_ONLY, staff_add),
    Page("POST", "/staff/{id}/active", OWNER_ONLY, staff_switch),
    Page("POST", "/staff/{id}/password", OWNER_ONLY, staff_password),
    Page("POST", "/staff/{id}/token", OWNER_ONLY, token_make),
    Page("POST", "/staff/{id}/tokens/end", OWNER_ONLY, tokens_end),
    Page("GET", "/audit", OWNER_ONLY, audit_page),
)
