# SPDX-License-Identifier: GPL-2.0
"""Writes the report: scripts/report says what it is, and starts it in a root that has what it needs."""

import argparse
import json
import re
import sys
import textwrap
from datetime import datetime, timezone
from pathlib import Path

import jinja2

import bench
import results
import views

HERE = Path(__file__).resolve().parent
TOP = HERE.parents[2]
FAILED = 10  # and not 1, which is also how Python says that it crashed
RUNS = TOP / 'Documentation' / 'report' / 'runs'
README_PARTS = ('bench', 'support', 'torture')
BEGIN, END = '<!-- report: {}, written by scripts/report --readme -->', '<!-- report: end -->'


def known(directory):
    return sorted(p.stem for p in (TOP / directory).glob('*.patch'))


def other_bases(base):
    """Name and version of the kernels of bases/ that the series in question is not for."""
    return [(p.stem, re.search(r'^BASE_VERSION=(\S+)', p.read_text(), re.M)[1]) for p in sorted((TOP / 'bases').glob('*.env')) if p.stem != base]


def read_trees(path):
    """For each part the hash of what its runs depend on now."""
    return dict(line.split('\t') for line in path.read_text().splitlines())


def measured(report):
    part = report.newest('measure', 'sizes and instructions, base and patched')
    if 'result' in part:
        figures = part['result'].get('figures', [])
        part['figures'] = [f for f in figures if isinstance(f, dict)]
        if not part['figures']:
            views.wrong(report, part, 'measure', 'its figures are not in a form that this report reads')
    return part


def collect(args):
    report = views.Report([r for r in results.runs([TOP / 'results', RUNS], read_trees(args.trees)) if r.meta.get('base', args.base) == args.base])
    data = {'title': f'BPF timers and workqueues from any context, on Linux {args.version}', 'base': args.base, 'version': args.version,
            'commit': args.commit, 'generated': datetime.now(timezone.utc).strftime('%Y-%m-%d %H:%M UTC'), 'repeat': args.repeat,
            'bench': bench.view(report), 'measure': measured(report), 'tests': views.tests(report),
            'mutants': views.mutants(report, known('model/mutants')), 'proof': views.proof(report)}
    data['support'] = views.support(report, [(args.base, args.version), *other_bases(args.base)], data['tests'], data['bench'])
    data['glance'] = views.glance(data['tests'], data['mutants'], data['proof'])
    views.same_binary(report)
    data.update(holes=report.holes, failures=report.failures, notes=report.notes,
                provenance=sorted(report.used.values(), key=lambda e: e['run'], reverse=True))
    data['outcome'] = 'fail' if report.failures else 'incomplete' if report.holes else 'pass'
    return data, report


def environment():
    env = jinja2.Environment(loader=jinja2.FileSystemLoader(HERE), trim_blocks=True, lstrip_blocks=True, undefined=jinja2.StrictUndefined,
                             autoescape=lambda name: name.endswith('.html'))
    env.filters.update(n=lambda v: '–' if v is None else f'{v:,.0f}' if abs(v) >= 10 or v == int(v) else f'{v:.1f}',
                       ns=lambda v: __import__('charts').nanoseconds(v) if v is not None else '–',
                       cell=lambda v: str(v).replace('|', '\\|').replace('\n', ' '),
                       verdict=views.verdict_class, slug=lambda v: re.sub(r'[^a-z0-9]+', '-', str(v).lower()).strip('-'))
    env.filters.update(fill=lambda text, indent='', width=72: textwrap.fill(text, width, initial_indent=indent, subsequent_indent=indent + '  ',
                                                                            break_long_words=False, break_on_hyphens=False),
                       pad=lambda text, width: text + ' ' * (width - len(text.split('\n')[-1])),
                       errno=errno, cost=cost)
    env.globals.update(contexts=bench.CONTEXTS)
    return env


def errno(words):
    """'refused: EOPNOTSUPP (-95)', '777 of 10,000 (ENOMEM)' in a narrow column."""
    return re.sub(r' \((-\d+|[A-Z]+)\)| bpf_\w+', '', words.removeprefix('refused: '))


def cost(cell):
    """'233+639 (192)' in a narrow column; what is above no floor, or not deferred as its floor is, has no brackets."""
    if 'call' not in cell:
        return errno(cell['why'])
    total = cell['call'] + cell['after']
    return f"{cell['call']:.0f}" + (f"+{cell['after']:.0f}" if cell['after'] else '') + (f" ({cell['above']:.0f})" if 0 < (cell['above'] or 0) < total else '')


def ascii_only(text):
    """A mail whose header names no encoding has nothing else."""
    return text.translate(str.maketrans({'’': "'", '≤': '<=', '≥': '>=', '×': 'x', '–': '-'}))


def committed(value, dirty):
    """For a mail: what ran in a work tree with uncommitted changes is a hole, since nobody can look at what it was."""
    if isinstance(value, list):
        return [committed(v, dirty) for v in value if not (isinstance(v, dict) and v.get('run') in dirty and 'state' not in v)]
    if not isinstance(value, dict):
        return value
    if value.get('run') in dirty:
        return {'name': value['name'], 'command': value['command'], 'run': value['run'], 'state': 'dirty', 'why': 'uncommitted changes in its work tree',
                'rows': []}
    return {k: committed(v, dirty) for k, v in value.items()}


def draw(data):
    if data['bench']['state'] not in views.GOOD or 'kernels' not in data['bench']:
        return []
    import charts  # matplotlib takes a second, which a report without charts need not wait
    return bench.draw(data['bench'], charts)


def write_readme(args, data, env):
    """The figures into README.md, each part between its marks, and two pictures beside it. A part that no run is there for stays
    as it is, with the name of the run that it is from: there are parts that take hours."""
    readme = TOP / 'README.md'
    text = readme.read_text()
    places = {part: re.compile(re.escape(BEGIN.format(part)) + r'\n(.*?)' + re.escape(END), re.S) for part in README_PARTS}
    if not all(len(place.findall(text)) == 1 for place in places.values()):
        return refuse('README.md has no place for the figures: for each of ' + ', '.join(README_PARTS) +
                      f' it needs the lines {BEGIN.format("PART")} and {END}')
    there = {'bench': 'kernels' in data['bench'], 'support': any(row['run'] for row in data['support'] if row['base'].startswith(args.base + ',')),
             'torture': bool(data['tests']['tortures'])}
    if not any(there.values()):
        return refuse('the report has no figures, so README.md is left as it is')
    pictures = draw_readme(data['bench']) if there['bench'] else []
    for part, place in places.items():
        if there[part]:
            block = env.get_template('readme.md').render(data, part=part, pictures=pictures).strip()
            text = place.sub(lambda _: BEGIN.format(part) + '\n' + block + '\n' + END, text)
        else:
            print(f'README.md: the part {part} is left as it is, no run of it is there')
    readme.write_text(text)
    print(', '.join(['README.md', *(path for path, _ in pictures)]) + ' up to date')
    return 0


def draw_readme(part):
    import charts
    where = TOP / 'Documentation' / 'report'
    where.mkdir(parents=True, exist_ok=True)
    pictures = []
    for ctx in ('nmi', 'task'):
        title, rows = bench.cost_rows(part, ctx, 'timer')
        if rows:
            title = f'Timers, {title[0].lower()}{title[1:]}'
            (where / f'cost-{ctx}.svg').write_text(charts.cost(f'cost-{ctx}', title, rows, part['kernels'], standalone=True))
            pictures.append((f'Documentation/report/cost-{ctx}.svg', f'{title}: instructions per call'))
    return pictures


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
    (data, report), env = collect(args), environment()
    pages = {'charts': draw(data), 'css': (HERE / 'page.css').read_text(), 'kernel_order': list(data['bench'].get('kernels', {}))}
    (args.out / 'report.html').write_text(env.get_template('page.html').render(data, **pages))
    (args.out / 'report.md').write_text(env.get_template('page.md').render(data, **pages))
    dirty = {entry['run'] for entry in data['provenance'] if entry['commit'].endswith('-dirty')}
    mail = {key: committed(data[key], dirty) for key in ('bench', 'measure', 'tests', 'mutants', 'proof', 'failures')}
    for part in ('cost', 'tests'):
        (args.out / f'cover-{part}.txt').write_text(ascii_only(env.get_template('cover.txt').render(mail, part=part)))
    (args.out / 'report.json').write_text(json.dumps(data, indent=1, ensure_ascii=False) + '\n')
    (args.out / 'metadata.json').write_text(json.dumps({'date': data['generated'], 'commit': args.commit, 'base': args.base, 'repeat': args.repeat}, indent=1) + '\n')
    (args.out / 'result.json').write_text(json.dumps({'outcome': data['outcome'], 'holes': len(data['holes']), 'failures': len(data['failures'])}) + '\n')
    for entry in data['failures']:
        print(f"FAILED   {entry['where']}: {entry['why']}")
    for entry in data['holes']:
        print(f"missing  {entry['where']}: {entry['why']} ({entry['command']})")
    if args.readme:
        if write_readme(args, data, env):
            return FAILED
        results.keep([run for run in report.runs if run.path.name in report.used and run.state in views.GOOD and not run.dirty], RUNS)
    return FAILED if data['failures'] else 0


if __name__ == '__main__':
    sys.exit(main())
