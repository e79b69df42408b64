# SPDX-License-Identifier: GPL-2.0
"""Charts by matplotlib, as SVG that takes its colours and its font from the page, so that light and dark are one picture.

Each is drawn 320 pixels wide at its true size: one fits a telephone, several stand beside each other on a desk."""

import io
import re

import matplotlib

matplotlib.use('svg')
from matplotlib import pyplot as plt  # noqa: E402
from matplotlib.ticker import EngFormatter, FixedLocator, FuncFormatter, LogLocator, NullFormatter  # noqa: E402

WIDTH = 320
# Colours that nothing else uses stand for the page's variables.
VARIABLES = {'#000101': '--fg', '#000102': '--muted', '#000103': '--line', '#000104': '--base', '#000105': '--patched',
             '#000106': '--rival', '#000107': '--card'}
FG, MUTED, LINE, BASE, PATCHED, RIVAL, CARD = VARIABLES
COLOUR = {'base': BASE, 'patched': PATCHED, 'rival': RIVAL}
MARK = {'base': 's', 'patched': 'o', 'rival': '^'}
DASH = {'base': (0, (4, 2)), 'patched': 'solid', 'rival': (0, (1, 1.2))}
DARK_LIGHT = {  # for pictures that stand alone: the page's own, see page.css
    '--fg': ('#1b1f24', '#e8eaed'), '--muted': ('#5b6470', '#9aa4b1'), '--line': ('#d9dde2', '#333a44'),
    '--base': ('#8b95a3', '#8b95a3'), '--patched': ('#0a7d74', '#2fc9b8'), '--rival': ('#c65d12', '#f29a4a'),
    '--card': ('#ffffff', '#14181d')}

plt.rcParams.update({
    'svg.fonttype': 'none', 'svg.hashsalt': 'bpf-async', 'figure.dpi': 72, 'savefig.dpi': 72, 'font.size': 11,
    'axes.spines.top': False, 'axes.spines.right': False, 'axes.edgecolor': LINE, 'axes.labelcolor': MUTED, 'text.color': FG,
    'xtick.color': LINE, 'ytick.color': LINE, 'xtick.labelcolor': MUTED, 'ytick.labelcolor': FG, 'grid.color': LINE,
    'grid.linewidth': 0.6, 'hatch.linewidth': 0.7, 'axes.axisbelow': True, 'figure.facecolor': 'none', 'axes.facecolor': 'none',
    'savefig.facecolor': 'none', 'lines.linewidth': 2, 'axes.titlesize': 11, 'axes.titleweight': 'bold'})


def figure(height, width=WIDTH, **keys):
    return plt.subplots(figsize=(width / 72, height / 72), layout='constrained', **keys)


def svg(fig, name, title, description, standalone=False):
    """The figure as one <svg>: ids of its own, text alternatives, colours by variables."""
    out = io.StringIO()
    fig.savefig(out, format='svg', metadata={'Date': None, 'Creator': None, 'Format': None, 'Type': None})
    plt.close(fig)
    text = out.getvalue()
    text = text[text.index('<svg'):]
    text = re.sub(r'<metadata>.*?</metadata>\s*', '', text, flags=re.S)
    text = re.sub(r'\bid="', f'id="{name}-', text)
    text = re.sub(r'url\(#', f'url(#{name}-', text)
    text = re.sub(r'href="#', f'href="#{name}-', text)
    for colour, variable in VARIABLES.items():
        text = text.replace(colour, f'var({variable})')
    text = re.sub(r"font: ([^\"';]*px) [^\";]*", r'font: \1 var(--font)', text)
    size = re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', text)
    width, height = (round(float(n)) for n in size.groups())
    head = (f'<svg class="chart" role="img" aria-labelledby="{name}-title {name}-desc" width="{width}" height="{height}" '
            f'viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink">\n'
            f'<title id="{name}-title">{escape(title)}</title>\n<desc id="{name}-desc">{escape(description)}</desc>\n')
    if standalone:
        light, dark = (''.join(f'{v}:{c[i]};' for v, c in DARK_LIGHT.items()) for i in (0, 1))
        head += (f'<style>svg{{--font:system-ui,sans-serif;{light}background:var(--card)}}\n'
                 f'@media (prefers-color-scheme:dark){{svg{{{dark}}}}}</style>\n')
    return head + text[text.index('>') + 1:]


def escape(text):
    return text.replace('&', '&amp;').replace('<', '&lt;').replace('>', '&gt;')


def number(value):
    if value is None:
        return '-'
    if abs(value) >= 10000:
        return f'{value:,.0f}'
    return f'{value:.0f}' if abs(value) >= 10 or value == int(value) else f'{value:.1f}'


def cost(name, title, rows, kernels, standalone=False):
    """rows: [(label, {kernel: {call, after, floor} or {why}})]: bars of what the caller pays and of what irq_work pays
    later; the hatched part below the mark is the floor, which any implementation on that kernel would pay."""
    bar, gap = 11, 10
    slot = bar * len(kernels) + gap
    fig, ax = figure(62 + slot * len(rows) + (95 if standalone else 0))
    top = max([v['call'] + v['after'] for _, cells in rows for v in cells.values() if 'call' in v] or [1])
    said = []
    for i, (label, cells) in enumerate(rows):
        for j, kernel in enumerate(kernels):
            y = i * slot + j * bar
            cell = cells.get(kernel, {'why': 'not measured'})
            if 'call' not in cell:
                ax.text(top * 0.01, y, cell['why'], va='center', fontsize=8.5, color=COLOUR[kernel], style='italic')
                said.append(f"{label}, {kernels[kernel]}: {cell['why']}")
                continue
            total = cell['call'] + cell['after']
            ax.barh(y, cell['call'], bar - 1.5, color=COLOUR[kernel], linewidth=0)
            ax.barh(y, cell['after'], bar - 1.5, left=cell['call'], color=COLOUR[kernel], alpha=0.5, linewidth=0)
            if cell.get('floor') is not None:
                floor = min(cell['floor'], total)
                ax.barh(y, floor, bar - 1.5, color='none', edgecolor=FG, hatch='/////', linewidth=0, alpha=0.38)
                ax.plot([cell['floor']] * 2, [y - bar / 2, y + bar / 2], color=FG, linewidth=1.6, solid_capstyle='butt')
            locked = f", {number(cell['locked'])} locked" if cell.get('locked') is not None else ''
            ax.text(max(total, cell.get('floor') or 0) + top * 0.015, y, number(total) + locked, va='center', fontsize=8.5, color=FG)
            said.append(f"{label}, {kernels[kernel]}: {number(cell['call'])} + {number(cell['after'])} later"
                        + (f", floor {number(cell['floor'])}" if cell.get('floor') is not None else '') + locked)
    ax.set_yticks([i * slot + bar * (len(kernels) - 1) / 2 for i in range(len(rows))], [label for label, _ in rows])
    ax.tick_params(length=0, axis='y')
    ax.set_ylim(slot * len(rows) - gap / 2 - bar / 2, -bar / 2 - gap / 2)
    ax.set_xlim(0, top * (1.4 if any(c.get('locked') is not None for _, cells in rows for c in cells.values()) else 1.14))
    ax.set_xlabel('instructions per call')
    ax.grid(axis='x')
    ax.spines['left'].set_visible(False)
    if standalone:  # the page has a legend for all its charts
        ax.set_title(title, loc='left')
        swatches = [plt.Rectangle((0, 0), 1, 1, color=COLOUR[k], linewidth=0) for k in kernels]
        floor = plt.Rectangle((0, 0), 1, 1, facecolor='none', edgecolor=FG, hatch='/////', linewidth=0, alpha=0.5)
        fig.legend([*swatches, floor], [*kernels.values(), 'floor: the bare call below it (pale: later, in irq_work)'], loc='outside lower left',
                   frameon=False, fontsize=9, handlelength=1.4, labelspacing=0.25)
    return svg(fig, name, title, 'Instructions per call, in the call and later in irq_work. ' + '; '.join(said) + '.', standalone)


def nanoseconds(value):
    for unit, size in (('s', 1e9), ('ms', 1e6), ('µs', 1e3)):
        if value >= size:
            return f'{value / size:.3g} {unit}'
    return f'{value:.3g} ns'


def latency(name, title, curves, kernels):
    """curves: {kernel: {buckets: [(low, high, count)], p50, p99}}: the share that took at most so long."""
    fig, ax = figure(230)
    said = []
    for kernel, curve in curves.items():
        total = sum(count for *_, count in curve['buckets'])
        x, y, seen = [], [], 0
        for low, high, count in curve['buckets']:
            x += [max(low, 1), max(high, 1)]
            y += [seen / total, (seen + count) / total]
            seen += count
        ax.plot(x, y, color=COLOUR[kernel], linestyle=DASH[kernel])
        for p, share in (('p50', 0.5), ('p99', 0.99)):
            if curve.get(p):
                ax.plot(curve[p], share, MARK[kernel], color=COLOUR[kernel], markersize=6, markeredgecolor=CARD)
        said.append(f"{kernels[kernel]}: half within {nanoseconds(curve['p50'])}, 99 % within {nanoseconds(curve['p99'])}, "
                    f"longest {nanoseconds(curve['max'])}")
    ax.set_xscale('log')
    ax.xaxis.set_major_locator(LogLocator(numticks=5))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda v, _: nanoseconds(v)))
    ax.xaxis.set_minor_formatter(NullFormatter())
    ax.set_yticks([0, 0.25, 0.5, 0.75, 1], ['0', '25 %', '50 %', '75 %', '100 %'])
    ax.set_ylim(0, 1.03)
    ax.set_ylabel('share that took at most')
    ax.set_xlabel('time, log scale; marks: 50 % and 99 %')
    ax.grid()
    return svg(fig, name, title, '. '.join(said) + '.')


def scaling(name, title, lines, kernels, one):
    """lines: {kernel: [(producers, median, least, most)]}, as multiples of what `one` says."""
    fig, ax = figure(230)
    said, ticks = [], set()
    for kernel, points in lines.items():
        x, y, low, high = zip(*points)
        ticks |= set(x)
        ax.errorbar(x, y, yerr=[[m - a for m, a in zip(y, low)], [b - m for m, b in zip(y, high)]], color=COLOUR[kernel],
                    linestyle=DASH[kernel], marker=MARK[kernel], markersize=7, markeredgecolor=CARD, capsize=3, elinewidth=1)
        said.append(f'{kernels[kernel]}: ' + ', '.join(f'{m:.2f} ({a:.2f} to {b:.2f}) with {n}' for n, m, a, b in points))
    ax.xaxis.set_major_locator(FixedLocator(sorted(ticks)))
    ax.set_xlim(min(ticks) - 0.3, max(ticks) + 0.3)
    ax.set_ylim(0)
    ax.set_xlabel('producers, each on a CPU of its own')
    ax.set_ylabel('commands applied per second')
    ax.yaxis.set_major_formatter(FuncFormatter(lambda v, _: f'{v:g}×'))
    ax.grid()
    return svg(fig, name, title, f'Multiples of {one}, by number of producers. ' + '; '.join(said) + '.')


def queued(name, title, rows, kernels):
    """rows: [(commands, {kernel: bytes or str})]"""
    bar, gap = 15, 12
    slot = bar * len(kernels) + gap
    fig, ax = figure(62 + slot * len(rows))
    said = []
    top = max([v for _, cells in rows for v in cells.values() if isinstance(v, (int, float))] + [1])
    for i, (commands, cells) in enumerate(rows):
        for j, kernel in enumerate(kernels):
            value, y = cells.get(kernel, 'not measured'), i * slot + j * bar
            if isinstance(value, str):
                ax.annotate(value, (0, y), (5, 0), textcoords='offset points', va='center', fontsize=9, color=COLOUR[kernel], style='italic')
                said.append(f'{number(commands)} commands, {kernels[kernel]}: {value}')
                continue
            ax.barh(y, value, bar - 2, color=COLOUR[kernel], linewidth=0)
            ax.plot([0, 0], [y - bar / 2 + 1, y + bar / 2 - 1], color=COLOUR[kernel], linewidth=3, solid_capstyle='butt', clip_on=False)
            ax.annotate(f'{value:,.0f} B', (max(value, 0), y), (5, 0), textcoords='offset points', va='center', fontsize=9, annotation_clip=False)
            said.append(f'{number(commands)} commands, {kernels[kernel]}: {value:,.0f} bytes')
    ax.set_xscale('symlog', linthresh=10, linscale=0.3)
    ax.set_xlim(0, max(top, 100) * 12)
    ax.xaxis.set_major_locator(FixedLocator([v for v in (0, 100, 10_000, 1_000_000) if v <= max(top, 100) * 12]))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda v, _: '0' if not v else EngFormatter('B', places=0, sep=' ')(v)))
    ax.xaxis.set_minor_formatter(NullFormatter())
    ax.set_yticks([i * slot + bar * (len(kernels) - 1) / 2 for i in range(len(rows))],
                  [f'{number(n)}\nqueued' if n != 1 else '1\nqueued' for n, _ in rows])
    ax.tick_params(length=0, axis='y')
    ax.set_ylim(slot * len(rows) - gap / 2 - bar / 2, -bar / 2 - gap / 2)
    ax.set_xlabel('bytes in the slab while they wait (log scale)')
    ax.grid(axis='x')
    ax.spines['left'].set_visible(False)
    return svg(fig, name, title, 'Bytes in the slab while commands are queued. ' + '; '.join(said) + '.')
