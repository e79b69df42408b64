# SPDX-License-Identifier: GPL-2.0
"""The parts of the report: from runs to what the page shows. A part is a dict with `state`, `why`, `run` and its figures;
a part that is a hole has no figures."""

from collections import Counter

COMMANDS = {'bench': 'make bench', 'measure': 'make measure', 'demo': 'make', 'mutants': 'make mutants', 'prove': 'make prove',
            'test-scripts': 'make test SCRIPTS=only', 'check': 'make check', 'regress': 'make regress'}
CELLS = [('x86_64', 'plain'), ('x86_64', 'debug'), ('x86_64', 'kcsan'), ('x86_64', 'rt'), ('x86_64', 'up'),
         ('arm64', 'plain'), ('arm64', 'debug')]
GOOD = ('ok', 'fail')
NEEDS = {  # what the page shows of a result; one that lacks it is of another form, older or newer than this report
    'test': ('passed', 'failed', 'skipped', 'nmis', 'operations_in_nmi'), 'torture': ('applied', 'nmi_applied', 'violations'),
    'test-scripts': ('passed', 'failed', 'skipped'), 'check': ('passed', 'warnings', 'failed'), 'regress': ('tests', 'changes'),
    'demo': ('numbers',), 'measure': ('figures',), 'bench': ('kernels', 'cost')}


def command(part):
    if part in COMMANDS:
        return COMMANDS[part]
    verb, arch, kernel = part.split('-', 2)
    return f'make {verb} ARCH={arch} KERNEL={kernel}' + (' SCRIPTS=no' if verb == 'test' else '')


class Report:
    """Picks the runs, and keeps account of what is missing and of what failed."""

    def __init__(self, runs):
        self.runs, self.holes, self.failures, self.notes, self.used = runs, [], [], [], {}

    def hole(self, part, where, why, repeat=None):
        self.holes.append({'part': part, 'where': where, 'why': why, 'command': repeat or command(part)})

    def use(self, run, where):
        entry = self.used.setdefault(run.path.name, {**run.provenance(), 'where': []})
        if where not in entry['where']:
            entry['where'].append(where)
        if run.dirty:
            self.note(f'{run.path.name}: run in a work tree with uncommitted changes, so its figures cannot be tied to a commit.')

    def note(self, text):
        if text not in self.notes:
            self.notes.append(text)

    def newest(self, part, where):
        """The part's newest run; what is wrong with it goes to the holes or the failures."""
        run = next((r for r in self.runs if r.part == part), None)
        if run is None:
            why = 'it was not run'
            self.hole(part, where, why)
            return {'state': 'missing', 'why': why, 'command': command(part), 'name': where}
        view = {'state': run.state, 'why': run.why, 'run': run.path.name, 'commit': run.commit, 'command': command(part), 'name': where}
        self.use(run, where)
        if run.state in GOOD:
            view['result'] = run.result
            lacks = [key for key in NEEDS[run.kind] if run.result.get(key) is None]
            if lacks:
                wrong(self, view, part, f'its result.json does not say: {", ".join(lacks)}')
        else:
            self.hole(part, where, f'of the newest run, {run.path.name}: {run.why}')
        if run.state in ('fail', 'panic', 'hang'):
            self.failures.append({'part': part, 'where': where, 'why': f'{run.path.name}: {run.why}', 'command': command(part)})
        return view


def wrong(report, view, part, why):
    """A result whose figures are not what they should be: the part becomes a hole."""
    view.pop('result', None)
    view.update(state='unknown', why=why)
    report.hole(part, view['name'], f"of the newest run, {view['run']}: {why}")
    return view


def tests(report):
    rows = []
    for arch, kernel in CELLS:
        rows.append({'arch': arch, 'kernel': kernel, **{
            kind: report.newest(f'{kind}-{arch}-{kernel}', f'{kind} on {arch} {kernel}') for kind in ('test', 'torture')}})
    skips = [{'where': f"{r['arch']} {r['kernel']}", **s} for r in rows for s in r['test'].get('result', {}).get('skips', [])]
    return {'rows': rows, 'tortures': tortures(report), 'skips': skips, 'scripts': report.newest('test-scripts', 'tests of the scripts'),
            'demo': report.newest('demo', 'the demo'), 'check': report.newest('check', 'checks of the patches'),
            'regress': report.newest('regress', 'all BPF selftests')}


def tortures(report):
    """Every run of the torture on this tree that came to its end: each has a seed and a number of processors of its own."""
    rows = []
    for run in report.runs:
        if run.kind != 'torture' or run.state not in ('ok', 'fail') or any(run.result.get(k) is None for k in NEEDS['torture']):
            continue
        arch, kernel = run.part.split('-')[1:]
        report.use(run, 'torture')
        rows.append({'arch': arch, 'kernel': kernel, 'run': run.path.name, **{k: run.result.get(k) for k in
                     ('smp', 'seconds', 'applied', 'nmi_applied', 'fired', 'violations', 'seed')}})
    return sorted(rows, key=lambda r: (r['arch'] != 'x86_64', r['arch'], r['kernel'] != 'plain', r['kernel'], r['smp'] or 0))


def support(report, bases, tested, bench):
    """Base by applies, builds, boots, tests: what a run of the present tree has shown, and else that none did. `bases` are
    names and versions: first of the series' own, then of kernels that it is not for, which only the benchmark builds and boots."""
    base, *others = bases
    check = tested['check'].get('result', {}).get('rows', [])
    applied = checked(check, 'apply')
    rows = []
    for row in tested['rows']:
        guest, run = patched_guest(report, f"{row['arch']} {row['kernel']}")
        if guest:
            report.use(run, 'support matrix')
        test = row['test']
        done = 'result' in test
        rows.append({'base': ', Linux '.join(base), 'kernel': f"{row['arch']} {row['kernel']}", 'run': run.path.name if guest else None,
                     'applies': applied or (cell('ok', 'applied') if guest else NOT_RUN),
                     'builds': cell('ok', guest['compiler'] or 'built') if guest else NOT_RUN,
                     'boots': NOT_RUN if not guest else cell('ok', 'boots') if guest['outcome'] in GOOD + ('pass',) else cell('fail', guest['outcome']),
                     'tests': cell(test['state'], f"{test['result']['passed']} passed, {test['result']['failed']} failed" if done else
                                   {'missing': 'not run', 'older': 'older tree', 'panic': 'panic or report'}.get(test['state'], test['state']))})
    rows.append({'base': ', Linux '.join(base), 'kernel': 'i386', 'run': None, 'applies': applied or NOT_RUN, 'boots': NOT_RUN, 'tests': NOT_RUN,
                 'builds': checked(check, 'build_32bit') or NOT_RUN})
    rival = bench.get('info', {}).get('rival', {})
    for other in others:
        known = rival if rival.get('base') == other[0] else {}
        outcome = known.get('outcome')
        rows.append({'base': ', Linux '.join(other), 'kernel': 'x86_64 plain', 'run': bench.get('run') if known else None,
                     'applies': cell('', 'no patches: the other implementation'),
                     'builds': cell('ok', known.get('compiler') or 'built') if known.get('sha256') else NOT_RUN,
                     'boots': NOT_RUN if not known.get('sha256') else cell('ok', 'boots') if outcome in GOOD + ('pass',) else cell('fail', outcome),
                     'tests': cell('', 'make bench only')})
    return rows


def cell(state, text):
    return {'state': state, 'text': text}


NOT_RUN = cell('missing', 'not run')


def checked(rows, name):
    """What one check of `make check` says of all patches, or nothing if it was not run."""
    verdicts_ = Counter(r.get('verdict') for r in rows if r.get('check') == name)
    if not verdicts_.total() or set(verdicts_) <= {'skip', 'none'}:
        return None
    if verdicts_['FAIL']:
        return cell('fail', f"{verdicts_['FAIL']} of {verdicts_.total()} patches fail")
    if verdicts_['skip']:
        return cell('missing', f"{verdicts_['skip']} of {verdicts_.total()} patches skipped")
    return cell('ok', f'{verdicts_.total()} patches')


def patched_guest(report, config):
    """The newest guest of the present tree that ran the patched kernel of an architecture and configuration, and its run."""
    for run in report.runs:
        for guest in run.guests if run.state not in ('older', 'unknown') else []:
            if guest['config'] == config and guest['sha256'] and (guest['name'] in ('vm', 'patched') or guest['name'].endswith('-patched')):
                if guest['outcome'] not in ('', 'interrupted', 'set-up'):
                    return guest, run
    return None, None


def mutants(report, known):
    """Runs of part of the mutants complement each other: each mutant has its newest verdict of the present tree. `known`
    are the names in model/mutants: one without a verdict was not run."""
    rows, newest = {}, None
    for run in (r for r in report.runs if r.part == 'mutants'):
        newest = newest or run
        if run.state not in GOOD and not (run.state == 'interrupted' and run.result.get('mutants')):
            continue
        for row in run.result.get('mutants', []):
            if row.get('mutant') not in rows:
                rows[row.get('mutant')] = {**row, 'run': run.path.name}
                report.use(run, 'mutants of the kernel')
    missing = [name for name in known if name not in rows]
    extra = [name for name in rows if name not in known]
    for name in extra:
        del rows[name]
    view = {'state': 'ok', 'why': '', 'name': 'mutants of the kernel', 'command': command('mutants'), 'known': len(known),
            'rows': [rows[n] for n in known if n in rows], 'missing': missing}
    if not rows:
        view.update(state='missing', why='they were not run' if newest is None else f'of the newest run, {newest.path.name}: {newest.why or "it has no verdicts"}')
        report.hole('mutants', view['name'], view['why'])
        if newest:
            report.use(newest, view['name'])
    elif missing:
        report.hole('mutants', view['name'], f'{len(missing)} of {len(known)} were not run on the present tree: {", ".join(missing)}')
    return verdicts(report, view, 'mutants')


def verdicts(report, view, part):
    """Count the verdicts, and note what survived."""
    view['counts'] = Counter(verdict_class(r.get('verdict')) for r in view['rows'])
    bad = [str(r.get('mutant')) for r in view['rows'] if verdict_class(r.get('verdict')) == 'bad']
    if bad:
        view['state'] = 'fail'
        report.failures.append({'part': part, 'where': view['name'], 'why': f'not noticed: {", ".join(bad)}', 'command': view['command']})
    return view


def verdict_class(verdict):
    verdict = str(verdict)
    return 'killed' if verdict == 'killed' else 'equivalent' if verdict.startswith('equivalent') else 'bad'


METHODS = {'litmus': 'Litmus tests (herd7)', 'cbmc': 'Bounded model checking (CBMC)', 'enumerate': 'Every interleaving',
           'torture': 'Torture in user space'}


def proof(report):
    """The newest run that has rows of proofs, and the newest that has mutants of the cell."""
    runs = [r for r in report.runs if r.part == 'prove']
    out = {}
    for key, name, cmd in (('rows', 'proofs of the cell', 'make prove'), ('mutants', 'mutants of the cell', 'make prove MUTANTS=1')):
        of_mutants = key == 'mutants'
        mine = [r for r in runs if r.result.get(key) or (not r.result.get('rows') and not r.result.get('mutants')
                                                         and ('MUTANTS=1' in str(r.meta.get('repeat'))) == of_mutants)]
        # `make test` runs the short form each time: it stands in only where the present tree has no other.
        short = [r for r in mine if 'PROVE=short' in str(r.meta.get('repeat'))]
        mine = [r for r in mine if r not in short]
        if short and (not mine or mine[0].state in ('older', 'unknown')) and short[0].state not in ('older', 'unknown'):
            mine = short
            report.hole('prove', name, f'only the short form was run, {short[0].path.name}', cmd)
        view = {'state': 'missing', 'why': 'it was not run', 'name': name, 'command': cmd, 'rows': []}
        if mine:
            run = mine[0]
            report.use(run, name)
            view.update(state=run.state, why=run.why, run=run.path.name)
            if run.state in GOOD and run.result.get(key):
                view['rows'] = run.result[key]
            elif run.state in GOOD:
                view.update(state='unknown', why='its result.json has no rows')
            if view['state'] in ('panic', 'hang', 'fail'):
                report.failures.append({'part': 'prove', 'where': name, 'why': f'{run.path.name}: {run.why}', 'command': cmd})
        if view['state'] not in GOOD:
            report.hole('prove', name, view['why'] if 'run' not in view else f"of the newest run, {view['run']}: {view['why']}", cmd)
        out['table' if key == 'rows' else key] = view
    table = out['table']
    groups = {}
    for row in table['rows']:
        method = str(row.get('method', '')).split()[0] if row.get('method') else ''
        group = groups.setdefault(method, {'method': METHODS.get(method, method), 'rows': [], 'ok': 0, 'failed': 0, 'skipped': 0, 'seconds': 0, 'counts': Counter()})
        group['rows'].append(row)
        result = str(row.get('result'))
        group['ok' if result == 'ok' else 'skipped' if result.startswith('SKIP') else 'failed'] += 1
        if isinstance(row.get('count'), (int, float)):
            group['counts'][row.get('unit') or 'states'] += row['count']
        if isinstance(row.get('seconds'), (int, float)):
            group['seconds'] += row['seconds']
    for group in groups.values():
        group['counted'] = ', '.join(f'{n:,} {unit}' for unit, n in group['counts'].items())
        if group['skipped']:
            report.hole('prove', 'proofs of the cell', f"{group['method']}: {group['skipped']} skipped: {next(r['result'] for r in group['rows'] if str(r['result']).startswith('SKIP'))}")
    table['groups'] = list(groups.values())
    out['mutants'] = verdicts(report, out['mutants'], 'prove') if out['mutants']['rows'] else {**out['mutants'], 'counts': Counter()}
    return out


def same_binary(report):
    """Runs of the same architecture and configuration should have booted the same kernel."""
    seen = {}
    for entry in report.used.values():
        if entry['state'] not in GOOD:
            continue
        for guest in entry['guests']:
            if guest['sha256'] and guest['name'].split('/')[0] in ('vm', 'patched'):
                seen.setdefault(guest['config'], {}).setdefault(guest['sha256'][:12], []).append(entry['run'])
    for config, kernels in seen.items():
        if len(kernels) > 1:
            what = '; '.join(f'{sha}: {", ".join(sorted(set(names)))}' for sha, names in kernels.items())
            report.note(f'{config}: these runs booted different builds of the patched kernel, from the same sources: {what}.')


def glance(tested, mutants_, proof_):
    """The line of figures on top."""
    cells = [r[kind] for r in tested['rows'] for kind in ('test', 'torture')]
    done = [r['test']['result'] for r in tested['rows'] if 'result' in r['test']]
    tortured = [r['torture']['result'] for r in tested['rows'] if 'result' in r['torture']]
    bad = any(c['state'] in ('fail', 'panic', 'hang') for c in cells)
    rows = proof_['table']['rows']
    held = sum(r.get('result') == 'ok' for r in rows)

    def one(anchor, n, of, text, failed=False):
        return {'id': anchor, 'shown': f'{n:,}' + (f' of {of:,}' if of is not None else ''), 'text': text,
                'state': 'bad' if failed else '' if not n else 'good' if of in (None, n) else 'warn'}

    return [one('tests', len([c for c in cells if c['state'] == 'ok']), len(cells), 'runs of tests and torture passed, kernel by kernel', bad),
            one('tests', sum(r['passed'] for r in done), None, f"tests passed, {sum(r['failed'] for r in done)} failed", any(r['failed'] for r in done)),
            one('tests', sum(r['operations_in_nmi'] for r in done) + sum(r['nmi_applied'] or 0 for r in tortured), None, 'operations done in an NMI'),
            one('mutants', mutants_['counts']['killed'], mutants_['known'], 'mistakes in the kernel noticed', mutants_['counts']['bad'] > 0),
            one('mutants', proof_['mutants']['counts']['killed'], len(proof_['mutants']['rows']), 'mistakes in the cell noticed', proof_['mutants']['counts']['bad'] > 0),
            one('proofs', held, len(rows), 'proofs of the cell hold', any(r.get('result') not in ('ok',) and not str(r.get('result')).startswith('SKIP') for r in rows))]
