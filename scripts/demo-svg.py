#!/usr/bin/env python3
"""Records README's demonstration: runs its commands on a terminal, against servers on loopback, and draws what the terminal
showed, when it showed it, as an SVG with an animation (a still picture of the end where nothing moves).

    scripts/demo-svg.py [RETRY] >docs/demo.svg      RETRY: the binary (target/release/retry)
"""

import codecs
import html
import os
import pty
import re
import select
import subprocess
import sys
import tempfile
import time

COLUMNS = 104
CHARACTER, LINE, MARGIN = 8.4, 19, 16
FAIL = ["--fail", "2"]
MISSING = ["--fail", "9", "--status", "404"]
# What is typed, and the server that answers: a proxy, so that the name in the address needs none.
SCENES = [
    ("retry --max 5 --log runs -- curl -fsS http://api.example.com/items", FAIL),
    ("retry --max 5 -- curl -fsS http://api.example.com/itmes", MISSING),
    ("retry report --run last runs", None),
    ("retry explain --max inf --simulate 1000,outage=30s", None),
]
TYPING, PAUSE, REST = 0.035, 0.9, 6.0
COLOURS = {"1": "bold", "2": "dim", "31": "red", "32": "green", "33": "yellow", "36": "cyan"}
STYLE = """
  text { font: 14px ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; fill: #1f2328; white-space: pre }
  .back { fill: #f6f8fa; stroke: #d0d7de } .typed { font-weight: 600 } .prompt { fill: #1a7f37 }
  .bold { font-weight: 600 } .dim { fill: #656d76 } .red { fill: #b3261e } .green { fill: #1a7f37 }
  .yellow { fill: #8a5a00 } .cyan { fill: #1b7c83 }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3 } .back { fill: #0d1117; stroke: #30363d } .prompt, .green { fill: #3fb950 }
    .dim { fill: #8b949e } .red { fill: #ff7b72 } .yellow { fill: #d8a31a } .cyan { fill: #39c5cf }
  }
"""


class Screen:
    """The lines that were shown, each with its contents over time: (since, [(class, text)])."""

    def __init__(self):
        self.lines, self.row, self.style, self.column = [[]], [], "", 0

    def show(self, now):
        spans = []
        for style, letter in self.row:
            if spans and spans[-1][0] == style:
                spans[-1][1].append(letter)
            else:
                spans.append((style, [letter]))
        spans = [(style, "".join(letters)) for style, letters in spans]
        if not self.lines[-1] or self.lines[-1][-1][1] != spans:
            self.lines[-1].append((now, spans))

    def feed(self, text, now):
        for part in re.findall(r"\x1b\[[0-9;]*[A-Za-z]|.|\n", text, re.S):
            if part == "\r":
                self.column = 0
            elif part == "\n":
                self.show(now)
                self.lines.append([])
                self.row, self.column = [], 0
            elif part.endswith("m") and part.startswith("\x1b"):
                codes = [COLOURS[code] for code in part[2:-1].split(";") if code in COLOURS]
                self.style = " ".join(codes)
            elif part.startswith("\x1b["):
                del self.row[self.column:]
            elif part.isprintable():
                if self.column == COLUMNS:
                    self.feed("\r\n", now)
                self.row[self.column:self.column + 1] = [(self.style, part)]
                self.column += 1
        self.show(now)


def serve(options, folder):
    server = os.path.join(os.path.dirname(__file__), "..", "examples", "flaky-server.rs")
    binary = os.path.join(folder, "flaky-server")
    if not os.path.exists(binary):
        subprocess.run(["rustc", "--edition", "2024", "-o", binary, server], check=True)
    port = os.path.join(folder, "port")
    process = subprocess.Popen([binary, "--port-file", port, *options], stdout=subprocess.DEVNULL)
    while not os.path.exists(port):
        assert process.poll() is None, "the server did not start"
        time.sleep(0.01)
    with open(port, encoding="ascii") as file:
        address = f"http://127.0.0.1:{file.read().strip()}"
    os.remove(port)
    return process, address


def record(line, screen, began, folder, retry, proxy):
    """Runs the line on a terminal; returns the time at its end."""
    environment = dict(os.environ, PATH=f"{folder}/bin:{os.environ['PATH']}", TERM="xterm", http_proxy=proxy or "",
                       HOME=folder, LC_ALL="C.UTF-8", COLUMNS=str(COLUMNS))
    master, terminal = pty.openpty()
    subprocess.run(["stty", "cols", str(COLUMNS), "rows", "50"], stdin=terminal, check=True)
    started = time.monotonic()
    process = subprocess.Popen(["sh", "-c", line], stdin=terminal, stdout=terminal, stderr=terminal, cwd=folder,
                               env=environment, start_new_session=True)
    os.close(terminal)
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    while True:
        ready, _, _ = select.select([master], [], [], 30)
        assert ready, f"{line} is silent"
        try:
            data = os.read(master, 65536)
        except OSError:
            break
        if not data:
            break
        screen.feed(decoder.decode(data), began + time.monotonic() - started)
    os.close(master)
    process.wait()
    return began + time.monotonic() - started


def drawn(spans, y):
    text = "".join(
        f'<tspan class="{style}">{html.escape(part)}</tspan>' if style else html.escape(part) for style, part in spans
    )
    return f'<text x="{MARGIN}" y="{y:.0f}">{text}'


def shown(since, until):
    """The animation of something that is hidden but for this time."""
    parts = ['<set attributeName="visibility" to="hidden" begin="loop.begin"/>',
             f'<set attributeName="visibility" to="visible" begin="loop.begin+{since:.2f}s"/>']
    if until is not None:
        parts.append(f'<set attributeName="visibility" to="hidden" begin="loop.begin+{until:.2f}s"/>')
    return "".join(parts)


def draw(screen, total):
    height = len(screen.lines) * LINE + 2 * MARGIN
    width = COLUMNS * CHARACTER + 2 * MARGIN
    print(f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height}" '
          f'viewBox="0 0 {width:.0f} {height}" role="img">')
    print("<title>retry in a terminal</title>")
    print(f"<style>{STYLE}</style>")
    print(f'<rect class="back" x="0.5" y="0.5" width="{width - 1:.0f}" height="{height - 1}" rx="8">'
          f'<animate id="loop" attributeName="rx" values="8;8" begin="0s;loop.end" dur="{total:.1f}s"/></rect>')
    for index, versions in enumerate(screen.lines):
        y = MARGIN + (index + 0.75) * LINE
        for number, (since, spans) in enumerate(versions):
            if not spans:
                continue
            last = number + 1 == len(versions)
            until = None if last else versions[number + 1][0]
            still = "" if last else ' visibility="hidden"'
            print(drawn(spans, y).replace("<text", f"<text{still}", 1) + shown(since, until) + "</text>")
    print("</svg>")


def main():
    retry = os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else "target/release/retry")
    screen, now = Screen(), 0.3
    with tempfile.TemporaryDirectory() as folder:
        os.mkdir(f"{folder}/bin")
        os.symlink(retry, f"{folder}/bin/retry")
        for line, options in SCENES:
            server, proxy = serve(options, folder) if options else (None, None)
            screen.row = [("prompt", "$"), ("", " ")]
            screen.show(now)
            for word in re.findall(r"\S+\s*", line):
                now += TYPING * len(word)
                screen.row.extend(("typed", letter) for letter in word)
                screen.show(now)
            now += 0.4
            screen.feed("\n", now)
            now = record(line, screen, now, folder, retry, proxy) + PAUSE
            screen.feed("\n", now)
            if server:
                server.kill()
                server.wait()
    while screen.lines and not any(spans for _, spans in screen.lines[-1]):
        screen.lines.pop()
    draw(screen, now + REST)


if __name__ == "__main__":
    main()
