"""The workflows of the benchmark suite, as text, and what must come of them.

Each comes twice: with actions that go to executors, and, its name ending in ``_local``, with actions that the engine
answers itself. A delay of nothing is what makes ``std.echo`` travel.
"""

from collections.abc import Iterator

LOCAL = "_local"


def _echo(name: str, output: str) -> str:
    """Return the call that gives back a value."""
    return f"std.echo output={output}" + ("" if name.endswith(LOCAL) else " delay=0")


def _nothing(name: str) -> str:
    """Return the call that does nothing."""
    return "std.noop" if name.endswith(LOCAL) else _echo(name, "0")


def chain(name: str, length: int) -> str:
    """Tasks in sequence; each adds 1 to what the one before published."""
    lines = [f"{name}:", "  input: [v0]", f"  output: {{v: <% $.v{length} %>}}", "  tasks:"]
    for number in range(1, length + 1):
        lines += [
            f"    t{number}:",
            f"      action: {_echo(name, f'<% $.v{number - 1} + 1 %>')}",
            f"      publish: {{v{number}: <% task().result %>}}",
        ]
        if number < length:
            lines.append(f"      on-success: t{number + 1}")
    return _text(lines)


def expressions(name: str, length: int) -> str:
    """Tasks in sequence, each with three expressions: its input, what it publishes and whether it goes on."""
    lines = [f"{name}:", "  input: [n, tags]", "  output: {n: <% $.n %>}", "  tasks:"]
    for number in range(1, length + 1):
        lines += [
            f"    t{number}:",
            "      action: std.echo",
            "      input:",
            "        output: <% dict(n => $.n + 1, tag => $.tags.where($ != old).first()) %>",
            *([] if name.endswith(LOCAL) else ["        delay: 0"]),
            "      publish: {n: <% task().result.n %>}",
        ]
        if number < length:
            lines.append(f"      on-success: [{{t{number + 1}: <% $.n > 0 and $.tags.len() = 2 %>}}]")
    return _text(lines)


def fan_out(name: str, width: int) -> str:
    """One task, then many at once, then a join."""
    action = f"      action: {_nothing(name)}"
    lines = [f"{name}:", "  tasks:", "    begin:", action, "      on-success:"]
    lines += [f"        - t{number}" for number in range(width)]
    for number in range(width):
        lines += [f"    t{number}:", action, "      on-success: end"]
    return _text([*lines, "    end:", "      join: all", action])


def items(name: str) -> str:
    """One task over as many items as the input says."""
    lines = [
        f"{name}:",
        "  input: [count]",
        "  output: {n: <% $.n %>}",
        "  tasks:",
        "    t1:",
        "      with-items: i in <% range($.count).toList() %>",
        f"      action: {_echo(name, '<% $.i %>')}",
        "      publish: {n: <% task().result.len() %>}",
    ]
    return _text(lines)


def parent(name: str, child: str, count: int) -> str:
    """Sub-workflows side by side."""
    lines = [f"{name}:", "  tasks:"]
    for number in range(count):
        lines += [f"    s{number}:", f"      workflow: {child}"]
    return _text(lines)


def plain_chain(name: str, length: int) -> str:
    """Tasks in sequence that pass nothing on."""
    lines = [f"{name}:", "  tasks:"]
    for number in range(length):
        lines += [f"    t{number}:", f"      action: {_nothing(name)}"]
        if number < length - 1:
            lines.append(f"      on-success: t{number + 1}")
    return _text(lines)


def _text(lines: list[str]) -> str:
    return "\n".join(["version: '2.0'", *lines, ""])


def all_definitions() -> Iterator[str]:
    """Yield every document of the suite, sub-workflows first."""
    for ending in ("", LOCAL):
        yield plain_chain(f"bench_one{ending}", 1)
        yield chain(f"bench_chain{ending}", 10)
        yield chain(f"bench_sequence{ending}", 40)
        yield expressions(f"bench_expressions{ending}", 10)
        yield fan_out(f"bench_fan{ending}", 100)
        yield items(f"bench_items{ending}")
        yield plain_chain(f"bench_child{ending}", 5)
        yield parent(f"bench_parent{ending}", f"bench_child{ending}", 10)
