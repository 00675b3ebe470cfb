"""Environment and settings file into one frozen Settings; the only reader of os.environ."""

import os
import re
import tempfile
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from platformdirs import user_cache_path, user_data_path

from simulator.errors import InputError

APP = "attunement-simulator"
FILE = "settings.toml"
"""The settings file in the home folder."""
Role = Literal["persona", "appraiser", "grader", "trainee", "judge"]
ROLES: tuple[Role, ...] = ("persona", "appraiser", "grader", "trainee", "judge")
TALKING: tuple[Role, ...] = ("persona", "appraiser", "grader")
"""The roles of a rehearsal; trainee and judge have a part in eval suites only."""


@dataclass(frozen=True)
class Endpoint:
    """An OpenAI-compatible server chosen by the user."""

    base_url: str
    model: str
    api_key: str = field(default="", repr=False)

    @property
    def host(self) -> str:
        """Where the words go, for people to read: the server and its port, without a name or password."""
        return re.split("[/?#]", self.base_url.partition("://")[2], maxsplit=1)[0].rsplit("@", 1)[-1]

    @property
    def remote(self) -> bool:
        """Whether words leave this machine."""
        name = re.sub(r":\d*$", "", self.host).strip("[]")
        return name not in {"localhost", "127.0.0.1", "::1"}


@dataclass(frozen=True)
class Settings:
    """Everything that may differ between two machines or two runs."""

    home: Path
    """Sessions, store and settings file."""
    cache: Path
    """Model files."""
    endpoints: Mapping[Role, Endpoint] = field(default_factory=dict)
    """Roles not named here use the embedded model or coder."""
    model_path: Path | None = None
    """Any GGUF file in place of the default chat model."""
    threads: int | None = None
    """Threads of the embedded server; None to choose by the machine's load."""
    context: int = 4096
    """Tokens of context of the embedded server."""
    timeout_s: float = 120.0
    """Total deadline of one model call, in seconds."""
    locale: str = "en-US"
    """For the places to get help."""
    memory: bool = True
    """Whether personas remember earlier talks."""

    @property
    def ledger(self) -> Path:
        """The sessions database."""
        return self.home / "sessions.sqlite"

    @property
    def store(self) -> Path:
        """The document store's folder."""
        return self.home / "store"


def load(
    environ: Mapping[str, str] | None = None,
    *,
    home: Path | None = None,
    base_url: str | None = None,
    model: str | None = None,
    api_key: str | None = None,
    model_path: Path | None = None,
) -> Settings:
    """Read settings: arguments over environment over `settings.toml` in the home folder.

    Raises: InputError naming the setting that is wrong.
    """
    env = os.environ if environ is None else environ
    home = home or Path(env.get("SIMULATOR_HOME") or user_data_path(APP)).expanduser()
    table = _file(home / FILE) | {k: v for k, v in env.items() if _ours(k) and v}
    given = {"BASE_URL": base_url, "MODEL": model, "API_KEY": api_key}
    table |= {f"SIMULATOR_{key}": value for key, value in given.items() if value}
    path = model_path or (Path(p).expanduser() if (p := table.get("SIMULATOR_MODEL_PATH")) else None)
    return Settings(
        home=home,
        cache=Path(table.get("SIMULATOR_MODELS") or user_cache_path(APP) / "models").expanduser(),
        endpoints=_endpoints(table),
        model_path=path,
        threads=_number(table, "SIMULATOR_THREADS", None),
        context=_number(table, "SIMULATOR_CONTEXT", 4096) or 4096,
        timeout_s=float(_number(table, "SIMULATOR_TIMEOUT", 120) or 120),
        locale=table.get("SIMULATOR_LOCALE") or _locale(env),
        memory=_switch(table, "SIMULATOR_MEMORY", default=True),
    )


def fixed() -> frozenset[str]:
    """The settings that the environment decides, whatever the file says: their keys in the file."""
    return frozenset(k.removeprefix("SIMULATOR_").lower() for k, v in os.environ.items() if _ours(k) and v)


def _ours(key: str) -> bool:
    return key.startswith("SIMULATOR_")


def prefix(home: Path) -> str:
    """What the persona's endpoint is kept under: its own keys where it has any, else those of all roles.

    Raises: InputError when the settings file cannot be read.
    """
    known = {key.removeprefix("SIMULATOR_") for key in (*_file(home / FILE), *os.environ)}
    return "persona_" if "PERSONA_BASE_URL" in known else ""


def save(home: Path, values: Mapping[str, str]) -> None:
    """Write settings into the file, readable by its owner only; an empty value takes its key out.

    What else stands in the file stays as it is, comments included.

    Raises: InputError when the file is no TOML, or cannot be written.
    """
    import tomlkit

    path = home / FILE
    _file(path)  # a broken file is told of, not overwritten
    document = tomlkit.parse(path.read_text("utf-8")) if path.is_file() else tomlkit.document()
    for key, value in values.items():
        if value:
            document[key] = value
        else:
            document.pop(key, None)
    try:
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
        with tempfile.NamedTemporaryFile("w", dir=home, delete=False, encoding="utf-8") as new:
            new.write(tomlkit.dumps(document))  # only its owner may read a temporary file, and so the next
        Path(new.name).replace(path)
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}; nothing was changed.") from error


def _endpoints(table: Mapping[str, str]) -> dict[Role, Endpoint]:
    """One endpoint per role: SIMULATOR_PERSONA_MODEL and so on over SIMULATOR_MODEL."""
    found: dict[Role, Endpoint] = {}
    for role in ROLES:
        values = {
            key: table.get(f"SIMULATOR_{role.upper()}_{key}") or table.get(f"SIMULATOR_{key}", "")
            for key in ("BASE_URL", "MODEL", "API_KEY")
        }
        if not values["BASE_URL"]:
            if values["MODEL"]:
                raise InputError(
                    f"SIMULATOR_MODEL={values['MODEL']}: no server; set --base-url or SIMULATOR_BASE_URL."
                )
            continue
        if not values["BASE_URL"].startswith(("http://", "https://")):
            raise InputError(f"--base-url {values['BASE_URL']}: must begin with http:// or https://")
        if not values["MODEL"]:
            raise InputError(f"--base-url {values['BASE_URL']}: no model; set --model or SIMULATOR_MODEL.")
        found[role] = Endpoint(values["BASE_URL"], values["MODEL"], values["API_KEY"])
    return found


def _file(path: Path) -> dict[str, str]:
    if not path.is_file():
        return {}
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise InputError(f"{path}: {error}; mend or remove the file.") from error
    return {f"SIMULATOR_{key.upper()}": str(value) for key, value in data.items()}


def _switch(table: Mapping[str, str], key: str, *, default: bool) -> bool:
    text = table.get(key, "").lower()
    if text not in {"", "on", "off", "true", "false", "1", "0"}:
        raise InputError(f"{key}={text}: must be on or off.")
    return text in {"on", "true", "1"} if text else default


def _number(table: Mapping[str, str], key: str, default: int | None) -> int | None:
    text = table.get(key, "")
    if not text or text == "auto":
        return default
    if not text.isdigit() or int(text) < 1:
        raise InputError(f"{key}={text}: must be a whole number of 1 or more.")
    return int(text)


def _locale(env: Mapping[str, str]) -> str:
    return (env.get("LC_ALL") or env.get("LANG") or "en_US").split(".")[0].replace("_", "-")
