# SPDX-License-Identifier: GPL-2.0
"""Writes the report: scripts/report says what it is, and starts it in a root that has what it needs."""

import argparse
import json
import re
import sys
from datetime import datetime, timezone
from pathlib import Path

import jinja2

import bench
import results
import views

HERE = Path(__file__).resolve().parent
TOP = HERE.parents[2]
FAILED = 10  # and not 1, which is also how Python says that it crashed
BEGIN, END = '<!-- report: begin, written by scripts/report --readme -->', '<!-- report: end -->'


def known(directory):
    return sorted(p.stem for p in (TOP / directory).glob('*.patch'))


def read_trees(path):
    return {tuple(line.split('\t')[:2]): line.split('\t')[2] for line in path.read_text().splitlines()}


def measured(report):
    part = report.newest('measure', 'sizes and instructions, base and patched')
    if 'result' in part:
        figures = part['result'].get('figures', [])
        part['figures'] = [f for f in figures if isinstance(f, dict)]
        if not part['figures']:
            views.wrong(report, part, 'measure', 'its figures are not in a form that this report reads')
    return part


def collect(args):
    report = views.Report(results.runs(TOP / 'results', read_trees(args.trees)))
    data = {'title': f'BPF timers and workqueues from any context, on Linux {args.version}', 'base': args.base, 'version': args.version,
            'commit': args.commit, 'generated': datetime.now(timezone.utc).strftime('%Y-%m-%d %H:%M UTC'), 'repeat': args.repeat,
            'bench': bench.view(report), 'measure': measured(report), 'tests': views.tests(report),
            'mutants': views.mutants(report, known('model/mutants')), 'proof': views.proof(report)}
    data['glance'] = views.glance(data['tests'], data['mutants'], data['proof'])
    views.same_binary(report)
    data.update(holes=report.holes, failures=report.failures, notes=report.notes,
                provenance=sorted(report.used.values(), key=lambda e: e['run'], reverse=True))
    data['outcome'] = 'fail' if report.failures else 'incomplete' if report.holes else 'pass'
    return data


def environment():
    env = jinja2.Environment(loader=jinja2.FileSystemLoader(HERE), trim_blocks=True, lstrip_blocks=True, undefined=jinja2.StrictUndefined,
                             autoescape=lambda name: name.endswith('.html'))
    env.filters.update(n=lambda v: '–' if v is None else f'{v:,.0f}' if abs(v) >= 10 or v == int(v) else f'{v:.1f}',
                       ns=lambda v: __import__('charts').nanoseconds(v) if v is not None else '–',
                       cell=lambda v: str(v).replace('|', '\\|').replace('\n', ' '),
                       verdict=views.verdict_class, slug=lambda v: re.sub(r'[^a-z0-9]+', '-', str(v).lower()).strip('-'))
    env.globals.update(contexts=bench.CONTEXTS)
    return env


def draw(data):
    if data['bench']['state'] not in views.GOOD or 'kernels' not in data['bench']:
        return []
    import charts  # matplotlib takes a second, which a report without charts need not wait
    return bench.draw(data['bench'], charts)


def write_readme(data, env):
    """The figures into README.md, two pictures beside it. A report without figures changes neither."""
    part = data['bench']
    if 'kernels' not in part:
        return refuse('the report has no figures of the benchmark, so README.md is left as it is')
    import charts
    readme = TOP / 'README.md'
    text = readme.read_text()
    if text.count(BEGIN) != 1 or text.count(END) != 1 or text.index(BEGIN) > text.index(END):
        return refuse(f'README.md has no place for the figures: it needs the lines {BEGIN} and {END}')
    where = TOP / 'Documentation' / 'report'
    where.mkdir(parents=True, exist_ok=True)
    names, pictures = part['kernels'], []
    for ctx in ('nmi', 'task'):
        title, rows = bench.cost_rows(part, ctx, 'timer')
        if rows:
            title = f'Timers, {title[0].lower()}{title[1:]}'
            (where / f'cost-{ctx}.svg').write_text(charts.cost(f'cost-{ctx}', title, rows, names, standalone=True))
            pictures.append((f'Documentation/report/cost-{ctx}.svg', f'{title}: instructions per call'))
    block = env.get_template('readme.md').render(data, pictures=pictures).strip()
    readme.write_text(text[:text.index(BEGIN)] + BEGIN + '\n' + block + '\n' + text[text.index(END):])
    print('README.md and ' + ', '.join(p for p, _ in pictures) + ' are up to date')
    return 0


def refuse(why):
    print(f'error: {why}', file=sys.stderr)
    return FAILED


def main():
    parser = argparse.ArgumentParser()
    for name in ('base', 'version', 'commit', 'repeat'):
        parser.add_argument('--' + name, required=True)
    parser.add_argument('--trees', type=Path, required=True)
    parser.add_argument('--readme', action='store_true')
    parser.add_argument('out', type=Path)
    args = parser.parse_args()
    data, env = collect(args), environment()
    pages = {'charts': draw(data), 'css': (HERE / 'page.css').read_text(), 'kernel_order': list(data['bench'].get('kernels', {}))}
    (args.out / 'report.html').write_text(env.get_template('page.html').render(data, **pages))
    (args.out / 'report.md').write_text(env.get_template('page.md').render(data, **pages))
    (args.out / 'report.json').write_text(json.dumps(data, indent=1, ensure_ascii=False) + '\n')
    (args.out / 'metadata.json').write_text(json.dumps({'date': data['generated'], 'commit': args.commit, 'base': args.base, 'repeat': args.repeat}, indent=1) + '\n')
    (args.out / 'result.json').write_text(json.dumps({'outcome': data['outcome'], 'holes': len(data['holes']), 'failures': len(data['failures'])}) + '\n')
    for entry in data['failures']:
        print(f"FAILED   {entry['where']}: {entry['why']}")
    for entry in data['holes']:
        print(f"missing  {entry['where']}: {entry['why']} ({entry['command']})")
    if args.readme and write_readme(data, env):
        return FAILED
    return FAILED if data['failures'] else 0


if __name__ == '__main__':
    sys.exit(main())
