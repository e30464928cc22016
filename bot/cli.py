"""The command line `nmt`. Heavy modules are imported inside the command that needs them, so `nmt --help` is instant."""

from __future__ import annotations

import json
import os
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.settings import Settings
    from bot.store import Database

USAGE_ERROR = 2


class _Group(click.Group):
    """Turns the errors a person can act on into a message instead of a traceback."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except Exception as error:
            if not _FOR_PEOPLE.intersection(kind.__name__ for kind in type(error).__mro__):
                raise
            click.echo(str(error), err=True)
            ctx.exit(USAGE_ERROR)


# By name: importing their modules here would make every command heavy.
_FOR_PEOPLE = {"SettingsError", "LaunchError", "KnowledgeError", "AlreadyRunningError", "StaffError"}


def _settings() -> Settings:
    from bot.settings import load_settings

    return load_settings()


@contextmanager
def _database() -> Iterator[Database]:
    """The database of this installation, at this version."""
    from bot.store import Database, migrate

    url = _settings().database_url
    migrate(url)
    database = Database(url)
    try:
        yield database
    finally:
        database.close()


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name=None, version="0.1.0", prog_name="nmt")
def main() -> None:
    """NMT Guide: client education, pre-screen and booking hand-off for a massage clinic."""
    # The safety net is learned while other programs are started; told beforehand, its tokenizer does not warn of that.
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")


@main.command()
def run() -> None:
    """Start everything; Ctrl-C stops it."""
    from bot import launch

    settings = _settings()
    click.echo("NMT Guide")
    launch.run(settings, click.echo)


def _role_command(name: str, text: str) -> None:
    @main.command(name=name, help=text)
    def start() -> None:
        from bot import launch

        launch.become(name, _settings())


_role_command("engine", "Run the dialogue engine alone.")
_role_command("actions", "Run the action server alone.")
_role_command("web", "Run chat API, widget and console alone.")
_role_command("telegram", "Run the Telegram channel alone.")


@main.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON list instead of a table.")
def settings(as_json: bool) -> None:
    """List every setting, its value and origin."""
    from bot.settings import describe

    rows = describe(_settings())
    if as_json:
        click.echo(json.dumps([vars(row) for row in rows], indent=2))
        return
    widths = [max(len(getattr(row, name)) for row in rows) for name in ("key", "value", "origin")]
    for row in rows:
        cells = (row.key, row.value, row.origin)
        line = "  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True))
        click.echo(f"{line}  {row.description}")


@main.command()
def doctor() -> None:
    """Say what is wrong here and what to do."""
    from bot.doctor import examine

    findings = examine()
    for finding in findings:
        click.echo(f"{'ok   ' if finding.ok else 'WRONG'} {finding.what}")
        if not finding.ok:
            click.echo(f"      -> {finding.remedy}")
    if not all(finding.ok for finding in findings):
        sys.exit(1)


@main.command()
def check() -> None:
    """Read all knowledge and examples; name what is wrong."""
    from bot import launch

    settings = _settings()
    faults = launch.checked(settings)
    for fault in faults:
        click.echo(str(fault))
    errors = sum(not fault.warning for fault in faults)
    if errors:
        click.echo(f"\n{errors} to put right.")
        sys.exit(1)
    click.echo(f"In order: {launch.knowledge_in_one_line(settings)}")


@main.command()
@click.option("--port", default=8090, show_default=True, help="Port of the website.")
def demo(port: int) -> None:
    """Show the widget on a website of another origin."""
    import uvicorn

    from bot.channels.web.demo import demo_app

    settings = _settings()
    origin = f"http://{settings.host}:{port}"
    if origin not in settings.embed_origins:
        click.echo(f"The service has to allow this website: start it with NMT_EMBED_ORIGINS={origin}")
    click.echo(f"Website  {origin}  (under the strictest policy: {origin}/strict)")
    uvicorn.run(demo_app(settings.public_url), host=settings.host, port=port, log_level="warning")


@main.command()
@click.option("--force", is_flag=True, help="Train even if nothing changed.")
def train(force: bool) -> None:
    """Check, train what changed, take it live."""
    from bot import launch

    settings = _settings()
    faults = [fault for fault in launch.checked(settings) if not fault.warning]
    for fault in faults:
        click.echo(str(fault), err=True)
    if faults:
        click.echo(f"\n{len(faults)} to put right. Nothing was changed: what clients get stays as it was.", err=True)
        sys.exit(1)
    launch.train(settings, force=force)
    if not launch.go_live(settings, click.echo):
        sys.exit(1)


@main.group()
def knowledge() -> None:
    """Begin a topic; take out what staff chose as examples."""


@knowledge.command("new")
@click.argument("name")
@click.option("--title", required=True, help="What clients see on its button, for example 'Hot stones'.")
@click.option("--group", required=True, help="Its group, for example expect or practical.")
def knowledge_new(name: str, title: str, group: str) -> None:
    """Write the files of a new topic NAME; only its words are left to fill in."""
    import datetime

    from bot.editing import new_topic
    from bot.settings import ROOT

    places = new_topic(ROOT, _settings().knowledge_dir, name, title, group, datetime.datetime.now().date())
    click.echo("Now write:")
    for place in places:
        click.echo(f"  {place.file}, line {place.line}: {place.what}")
    click.echo("Then run ./nmt check, and ./nmt train to see it live.")


@knowledge.command("export")
@click.option("--again", is_flag=True, help="Those that were exported before, too.")
def knowledge_export(again: bool) -> None:
    """Write what staff marked as examples to a file, to be read."""
    from bot.examples import export
    from bot.settings import ROOT

    with _database() as database:
        done = export(database, ROOT, _settings().data_dir / "exports", again=again)
    for reason in done.left_out:
        click.echo(f"left out: {reason}")
    if done.file is None:
        click.echo("There is nothing new to export.")
    else:
        click.echo(f"{done.count} examples to read: {done.file}")


@main.command()
def migrate() -> None:
    """Bring the database to this version."""
    with _database():
        click.echo("The database is up to date.")


@main.command()
@click.option("--html", is_flag=True, required=True, help="As one HTML page, to read, print and sign.")
def rules(html: bool) -> None:
    """Print the clinical rules, to be signed."""
    from bot.clinical.rules import Rules
    from bot.rules_page import render

    click.echo(render(Rules.load(_settings().knowledge_dir)))


@main.group()
def staff() -> None:
    """Make staff accounts and API tokens without a browser."""


@staff.command("add")
@click.argument("email")
@click.option("--role", required=True, help="What the account may do, for example owner.")
@click.option("--password-stdin", is_flag=True, help="Read the password from the first line of standard input.")
def staff_add(email: str, role: str, password_stdin: bool) -> None:
    """Make an account for EMAIL."""
    from bot import staff as accounts

    if password_stdin:
        password = sys.stdin.readline().rstrip("\r\n")
    else:
        password = click.prompt("Password", hide_input=True, confirmation_prompt=True)
    with _database() as database:
        made = accounts.add(database, email, role, password)
    click.echo(f"{made.email} has an account as {made.role}.")


@staff.command("token")
@click.argument("email")
def staff_token(email: str) -> None:
    """Print a new API token for EMAIL. It is shown once."""
    from bot import staff as accounts

    with _database() as database:
        click.echo(accounts.token(database, email))


@staff.command("list")
def staff_list() -> None:
    """List the accounts: address, role, state."""
    from bot import staff as accounts

    with _database() as database:
        for account in accounts.listing(database):
            click.echo(account)


@main.command()
@click.option("--url", help="Address of the web role; otherwise the one of this installation.")
def chat(url: str | None) -> None:
    """Chat as a client in this terminal."""
    from bot.channels.terminal import chat as converse

    sys.exit(converse(url or _settings().local_url))


@main.command()
@click.argument("text", required=False)
@click.option("--json", "as_json", is_flag=True, required=True, help="Print JSON, one line per text.")
def read(text: str | None, as_json: bool) -> None:
    """Show the clinical reading of TEXT, or of each line of standard input."""
    from bot import safety_net
    from bot.clinical.reading import Reader, reading_to_json

    settings = _settings()
    reader = Reader.load(settings.knowledge_dir, safety_net.load(settings.knowledge_dir, settings.models_dir).hear)
    lines = [text] if text is not None else (line.rstrip("\n") for line in sys.stdin)
    for line in lines:
        click.echo(json.dumps(reading_to_json(reader.read(line)), ensure_ascii=False))


@main.command()
@click.argument("part", default="all")
def evaluate(part: str) -> None:
    """Measure reading, safety, understanding, pipelines or all."""
    from evaluation.__main__ import PARTS, run

    if part not in (*PARTS, "all"):
        raise click.BadParameter(f"one of: {', '.join((*PARTS, 'all'))}", param_hint="PART")
    sys.exit(0 if run(part) else 1)


if __name__ == "__main__":
    main(prog_name="nmt")
