"""What axe finds on a page, in words that say where and what to mend."""

GRAVE = ("critical", "serious")


def grave(violations) -> list[str]:
    """The findings that must not ship, gravest first; one text each.

    >>> node = {"target": ["#say"], "html": "<input id=say>", "failureSummary": "Fix this:\\n  no label"}
    >>> rule = {"id": "label", "impact": "critical", "help": "Fields have labels", "nodes": [node]}
    >>> print(grave([rule, rule | {"impact": "minor"}])[0])
    critical: label: Fields have labels
      at #say: <input id=say>
        Fix this:
          no label
    """
    found = [v for v in violations if v["impact"] in GRAVE]
    return [_told(v) for v in sorted(found, key=lambda v: GRAVE.index(v["impact"]))]


def _told(violation) -> str:
    lines = [f"{violation['impact']}: {violation['id']}: {violation['help']}"]
    for node in violation["nodes"]:
        lines.append(f"  at {' '.join(map(str, node['target']))}: {node['html'][:160]}")
        lines += [f"    {line}" for line in node["failureSummary"].splitlines() if line.strip()]
    return "\n".join(lines)
