"""Whether a recording is still what would be asked today, known from files alone, without a run."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from typing import Any

from simulator import library
from simulator.coder import likeness, local
from simulator.evals.suite import Case
from simulator.weights import find

EMBEDDED = "embedded"
"""The profile of recordings from our own default model."""


class State(StrEnum):
    """What is known of a recording."""

    FRESH = "FRESH"
    DRIFTED = "DRIFTED"
    """Something it was made from has changed."""
    MISSED = "MISSED"
    """There is none, or a run asked for what it does not hold."""
    UNPLAYED = "UNPLAYED"
    """A run ended before all of it was asked for."""
    ORPHAN = "ORPHAN"
    """No case claims it."""
    AGED = "AGED"
    """Older than its suite wants."""


@dataclass(frozen=True)
class Standing:
    """The state of one recorded talk, and why."""

    case: str
    epoch: int
    state: State
    why: Sequence[str] = ()
    calls: int = 0
    """Requests that recording it anew will take, going by the last time."""
    seconds: float = 0.0
    """How long that took."""


def sources(case: Case, role: str, templates: Iterable[str], home: Path, judges: Path) -> dict[str, str]:
    """Every file that decides what a role asks, with its fingerprint."""
    files = {f"prompts/{name}": library.folder("prompts") / name for name in templates}
    persona = library.personas(home).get(case.persona)
    if persona:
        for name in ("persona.yaml", "lines.yaml"):
            files[f"personas/{case.persona}/{name}"] = persona / name
    if scene := library.scenarios(home).get(case.scenario):
        files[f"scenarios/{case.scenario}.yaml"] = scene
    if role == "trainee":
        files["documents/trainee.yaml"] = library.folder("documents") / "trainee.yaml"
    if role == "judge":
        names = [e.judge for e in case.expect if e.check == "conversation"]
        files |= {f"judges/{name}.yaml": judges / f"{name}.yaml" for name in names}
    else:
        files["coder"] = local.FIGURES
        files |= {"coder network": local.MODEL, "coder likeness": likeness.ARRAYS}
        files["documents/cues.yaml"] = library.folder("documents") / "cues.yaml"
    return {"case": case.inputs} | {name: _fingerprint(path) for name, path in sorted(files.items())}


def weights(profile: str) -> dict[str, str]:
    """The pin of the default chat model, for recordings that were made with it."""
    return {"weights/chat": find("chat").sha256[:12]} if profile == EMBEDDED else {}


def _fingerprint(path: Path) -> str:
    try:
        return _hashed(path, path.stat().st_mtime_ns)
    except FileNotFoundError:
        return "gone"


@lru_cache(maxsize=512)
def _hashed(path: Path, _changed: int) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:12]


def drift(case: Case, role: str, about: Mapping[str, Any], home: Path, judges: Path) -> list[str]:
    """What a recording was made from that has changed since, by name."""
    known = dict(about.get("sources", {}))
    templates = [name.removeprefix("prompts/") for name in known if name.startswith("prompts/")]
    now = sources(case, role, templates, home, judges) | weights(str(about.get("profile", "")))
    return sorted(name for name in {**known, **now} if known.get(name) != now.get(name))


def age_days(about: Mapping[str, Any], now: datetime | None = None) -> float:
    """Days since a recording was made; 0 when it does not say."""
    made = about.get("recorded_at")
    if not made:
        return 0.0
    return ((now or datetime.now(UTC)) - datetime.fromisoformat(str(made))).total_seconds() / 86_400
