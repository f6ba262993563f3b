#!/usr/bin/env python3
"""Draws the picture of docs/simulate.md: the curves of the page that `retry simulate --format html` makes, in one file.

    scripts/simulate-svg.py [RETRY] >docs/simulate.svg      RETRY: the binary (target/release/retry)
"""

import re
import subprocess
import sys

RETRY = sys.argv[1] if len(sys.argv) > 1 else "target/release/retry"
SIMULATE = "simulate --no-config --max inf --timeout 2s --compare jitter=none,equal,full --format html"
# What of the page's style concerns curves.
RULES = (":root", "@media (prefers", "svg text", ".band", ".wait")
HEADING = 30


def main():
    page = subprocess.run([RETRY, *SIMULATE.split()], check=True, stdout=subprocess.PIPE, text=True).stdout
    style = re.search(r"<style>\n(.*?)</style>", page, re.DOTALL).group(1)
    kept = re.findall(r"^@media (?s:.*?)^\}$|^\S.*\}$", style, re.MULTILINE)
    kept = [rule for rule in kept if rule.startswith(RULES)]
    charts = re.findall(r'<h2>(.*?)</h2>\n<svg class="chart" role="img" viewBox="0 0 (\d+) (\d+)">(.*?)</svg>', page, re.DOTALL)
    drawn, top = [], 0
    for title, _, height, curves in charts:
        curves = re.sub(r"<(title|desc)>.*?</\1>", "", curves)
        drawn.append(f'<text class="heading" x="0" y="{top + 18}">{title}</text>\n<g transform="translate(0 {top + HEADING})">{curves}</g>')
        top += HEADING + int(height)
    width = charts[0][1]
    print(f'<svg xmlns="http://www.w3.org/2000/svg" role="img" viewBox="-8 0 {int(width) + 16} {top}">')
    print("<title>Load and completion of 1,000 clients after an outage, without jitter, with equal and with full jitter</title>")
    print("<style>\n" + "\n".join(kept) + "\n.heading { font-size: 16px; font-weight: 600; }\n</style>")
    print("\n".join(drawn) + "\n</svg>")


main()
