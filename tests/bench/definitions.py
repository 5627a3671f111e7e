"""The workflows of the benchmark suite, as text, and what must come of them."""

from collections.abc import Iterator


def chain(name: str, length: int) -> str:
    """Tasks in sequence; each adds 1 to what the one before published."""
    lines = [f"{name}:", "  input: [v0]", f"  output: {{v: <% $.v{length} %>}}", "  tasks:"]
    for number in range(1, length + 1):
        lines += [
            f"    t{number}:",
            f"      action: std.echo output=<% $.v{number - 1} + 1 %>",
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
            "      publish: {n: <% task().result.n %>}",
        ]
        if number < length:
            lines.append(f"      on-success: [{{t{number + 1}: <% $.n > 0 and $.tags.len() = 2 %>}}]")
    return _text(lines)


def fan_out(name: str, width: int) -> str:
    """One task, then many at once, then a join."""
    lines = [f"{name}:", "  tasks:", "    begin:", "      action: std.noop", "      on-success:"]
    lines += [f"        - t{number}" for number in range(width)]
    for number in range(width):
        lines += [f"    t{number}:", "      action: std.noop", "      on-success: end"]
    return _text([*lines, "    end:", "      join: all", "      action: std.noop"])


def items(name: str) -> str:
    """One task over as many items as the input says."""
    lines = [
        f"{name}:",
        "  input: [count]",
        "  output: {n: <% $.n %>}",
        "  tasks:",
        "    t1:",
        "      with-items: i in <% range($.count).toList() %>",
        "      action: std.echo output=<% $.i %>",
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
        lines += [f"    t{number}:", "      action: std.noop"]
        if number < length - 1:
            lines.append(f"      on-success: t{number + 1}")
    return _text(lines)


def _text(lines: list[str]) -> str:
    return "\n".join(["version: '2.0'", *lines, ""])


def all_definitions() -> Iterator[str]:
    """Yield every document of the suite, sub-workflows first."""
    yield plain_chain("bench_one", 1)
    yield chain("bench_chain", 10)
    yield chain("bench_sequence", 40)
    yield expressions("bench_expressions", 10)
    yield fan_out("bench_fan", 100)
    yield items("bench_items")
    yield plain_chain("bench_child", 5)
    yield parent("bench_parent", "bench_child", 10)
