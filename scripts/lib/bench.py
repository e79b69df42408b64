#!/usr/bin/env python3
"""Make result.json from what the guests of one `make bench` left:  bench.py DIRECTORY OUTCOME

DIRECTORY holds kernels.json (what is compared) and one directory for each guest, PART[-NUMBER]-KERNEL, as scripts/vm
leaves it. OUTCOME is "done", or "interrupted" for as long as guests are still to come. Every figure is of a guest in this
directory: what is missing stays out, and is named in "failures" or "not_run".

Exit: 0 all is there and every goal is met, or missed but within its hard limit; 1 a goal is missed, or something failed, and
stdout says what; 3 this is no such directory.
"""
import hashlib
import json
import re
import sys
from pathlib import Path
from statistics import median

KERNELS = ('base', 'patched', 'rival')
REPEATABLE = 0.01
# What any implementation of an operation has to call; with an irq_work where that has to be deferred
FLOORS = {'timer_start': ['hrtimer_start'], 'timer_start_idle': ['hrtimer_start_idle'], 'timer_start_first': ['hrtimer_start_idle'],
          'timer_cancel': ['hrtimer_cancel'], 'timer_cancel_async': ['hrtimer_cancel'],
          'timer_cycle': ['hrtimer_start', 'hrtimer_cancel'], 'wq_start': ['schedule_work']}

# What the caller's part of a start in NMI may cost at most, of the rival's: Documentation/bench.rst says why the goal cannot be met
CALLER_HARD = 0.90
CONTENDED = {'applied': 'commands applied', 'calls': 'calls that returned'}
# and the same of the commands that 2 and 4 producers get applied, on a machine with two cores
APPLIED_HARD = {2: 1.0, 4: 0.65}


def overhead_of(op):
    """What bench takes off an operation."""
    return 'floor_nop' if op.startswith('floor') else 'empty'


def read_json(path):
    try:
        return json.loads(path.read_text())
    except (OSError, ValueError):
        return {}


def number(text):
    value = float(text)
    return int(value) if value == int(value) else value


class Guest:
    """One boot: bench's lines, and what became of it."""

    def __init__(self, path):
        self.path, self.name = path, path.name
        self.kernel = path.name.rsplit('-', 1)[1]
        self.part = re.match('[a-z]+', path.name).group()
        result, self.meta = read_json(path / 'result.json'), read_json(path / 'metadata.json')
        self.outcome, self.why = result.get('outcome', 'interrupted'), result.get('why', '')
        self.seconds = result.get('seconds')
        output = path / 'output.log'
        self.lines = [line.split('\t') for line in output.read_text(errors='replace').splitlines()] if output.exists() else []

    def sound(self):
        """A probe may take other kernels down, which is what it was to find out; ours has to stand."""
        return self.outcome == 'pass' or (self.part == 'probe' and self.kernel != 'patched' and self.outcome != 'interrupted')

    def rows(self, keyword):
        return [line[1:] for line in self.lines if line[0] == keyword]

    def about(self):
        kernel = self.meta.get('kernel', {})
        return {'kernel': self.kernel, 'part': self.part, 'outcome': self.outcome, 'why': self.why, 'seconds': self.seconds,
                'repeat': self.meta.get('repeat', ''), 'accelerator': self.meta.get('accelerator'),
                'version': kernel.get('version', ''), 'sha256': kernel.get('sha256', '')}

    def row(self, **fields):
        return {'kernel': self.kernel, 'run': self.name, **fields}


# ---- cost ----

def cost_row(guest, line):
    op, ctx, objects, state, *rest = line
    row = guest.row(op=op, ctx=ctx, objects=int(objects), state=state)
    if state != 'ok':
        return {**row, 'why': rest[0] if rest else ''}
    names = ('call', 'after', 'call_mean', 'after_mean', 'call_min', 'after_min', 'ipis')
    return {**row, **dict(zip(names, map(number, rest)))}


def total(row):
    return row['call'] + row['after']


def same(a, b):
    return abs(a - b) <= max(REPEATABLE * max(abs(a), abs(b)), 1)


def costs(guests, failures):
    """Of three measurements the middle one, with the nearest of the others beside it."""
    seen = {}
    for guest in guests:
        if guest.part == 'cost':
            for row in (cost_row(guest, line) for line in guest.rows('cost')):
                seen.setdefault((row['kernel'], row['op'], row['ctx'], row['objects']), []).append(row)
    cost = {}
    for key, rows in seen.items():
        if len({row['state'] for row in rows}) > 1:
            failures.append(f"{' '.join(map(str, key))}: measured once, refused once")
            rows = [row for row in rows if row['state'] == 'ok']
        if rows[0]['state'] == 'ok':
            rows.sort(key=total)
        row = cost[key] = rows[len(rows) // 2]
        if row['state'] == 'ok' and len(rows) > 1:
            other = min((r for r in rows if r is not row), key=lambda r: abs(total(r) - total(row)))
            row['again'] = {k: other[k] for k in ('run', 'call', 'after')}
            row['repeats'] = same(row['call'], other['call']) and same(total(row), total(other))
    return cost


def regions(guest, failures):
    """What the plugin counted between the marks, for each operation: {(op, ctx): [call, after]}, each (insns, locked, barriers).

    It does not know what is measured, but bench does the same each time: for an operation one sample, and if it was not
    refused one more while interrupts are counted; each has a region for the call, and but for a task one for what
    follows. That each region is the operation's is then checked by its length."""
    path = guest.path / 'regions'
    if not path.exists():
        return {}
    counted = iter([tuple(map(int, line.split())) for line in path.read_text().splitlines()])
    out, order = {}, []
    for op, ctx, objects, state, *rest in guest.rows('cost'):
        overhead = overhead_of(op)
        for name in (overhead, op):
            if (name, ctx) not in order:
                order.append((name, ctx))
                refused = state != 'ok' and name == op
                if refused and (rest[0].startswith('verifier')):
                    continue
                wanted = 1 if ctx == 'task' else 2
                try:
                    out[name, ctx] = [next(counted) for _ in range(wanted)]
                    for _ in range(0 if refused else wanted):
                        next(counted)
                except StopIteration:
                    failures.append(f'{guest.name}: the plugin saw too few samples')
                    return {}
    if next(counted, None) is not None:
        failures.append(f'{guest.name}: the plugin saw too many samples')
        return {}
    return out


def add_locked(guests, cost, failures):
    for guest in guests:
        if guest.part != 'locked':
            continue
        seen = regions(guest, failures)
        for line in guest.rows('cost'):
            op, ctx, objects, state, *rest = line
            overhead = overhead_of(op)
            row = cost.get((guest.kernel, op, ctx, int(objects)))
            if state != 'ok' or row is None or row['state'] != 'ok' or (op, ctx) not in seen:
                continue
            off = [(0, 0, 0)] * 2 if op == overhead else seen[overhead, ctx]
            net = [tuple(a - b for a, b in zip(region, less)) for region, less in zip(seen[op, ctx], off)]
            length, said = sum(n[0] for n in net), float(rest[0]) + float(rest[1])
            if op != overhead and abs(length - said) > 0.1 * abs(said) + 40:
                failures.append(f'{guest.name}: {op} {ctx}: the plugin saw {length} instructions, bench {said:.0f}')
                continue
            row.update(locked=sum(n[1] for n in net), barriers=sum(n[2] for n in net), locked_call=net[0][1],
                       barriers_call=net[0][2], locked_run=guest.name)


# ---- the other parts ----

def throughputs(guests):
    """Samples of one point from all rounds, in one row."""
    points = {}
    for guest in guests:
        for line in guest.rows('throughput'):
            bench, ctx, sharing, producers, state, *rest = line
            key = (guest.kernel, bench, ctx, sharing, int(producers), guest.meta.get('accelerator'))
            row = points.setdefault(key, guest.row(bench=bench, ctx=ctx, sharing=sharing, producers=int(producers),
                                                   accel=guest.meta.get('accelerator'), state=state, runs=[]))
            row['runs'].append(guest.name)
            if state != 'ok':
                row['why'] = rest[0] if rest else ''
                continue
            for field, text in zip(('calls', 'applied', 'superseded', 'failed'), rest):
                if text != '-':
                    row.setdefault(field, []).append(number(text))
    return list(points.values())


def latencies(guest):
    hist = {}
    for what, ctx, to, low, high, count in guest.rows('hist'):
        hist.setdefault((what, ctx, to), []).append([int(low), int(high), int(count)])
    for what, ctx, to, state, *rest in guest.rows('latency'):
        row = guest.row(what=what, ctx=ctx, to=to, state=state)
        if state != 'ok':
            # nothing was started, so neither was reached
            for to in ('armed', 'callback'):
                yield {**row, 'to': to, 'why': rest[0] if rest else ''}
        elif int(rest[0]) == 0:
            yield {**row, 'state': 'none', 'samples': 0, 'why': 'no sample: it was never seen'}
        else:
            yield {**row, **dict(zip(('samples', 'p50', 'p90', 'p99', 'p999', 'max'), map(int, rest))), 'hist': hist.get((what, ctx, to), [])}


def memories(guest):
    for kind, *rest in guest.rows('memory'):
        if kind == 'object':
            name, n, value, *why = rest
            row = guest.row(kind=kind, name=name, n=int(n))
            yield {**row, 'state': 'refused', 'why': why[0]} if value == 'refused' else {**row, 'state': 'ok', 'bytes': number(value)}
        else:
            n, state, *more = rest
            row = guest.row(kind=kind, name='commands', n=int(n), state=state)
            fields = dict(zip(('bytes', 'calls', 'requested', 'failed'), map(number, more))) if state == 'ok' else {'why': more[0] if more else ''}
            yield {**row, **fields}


def pressures(guest):
    """Starts that had no memory; and as "..._init" what shows that there was none: inits, which have to fail."""
    for name, state, *rest in guest.rows('pressure'):
        row = guest.row(name=name, state=state)
        yield {**row, 'starts': int(rest[0]), 'failed': int(rest[1]), 'errno': rest[2]} if state == 'ok' else {**row, 'why': rest[0] if rest else ''}


def probes(guest):
    """A probe that takes its guest down has shown something, too."""
    said = set()
    for name, result, *_ in guest.rows('probe'):
        said.add(name)
        yield guest.row(name=name, result=result)
    for line in guest.lines:
        name = re.fullmatch(r'@ bench .*--async-probe (\w+)', line[0])
        if name and name[1] not in said and guest.outcome not in ('pass', 'fail', 'interrupted'):
            yield guest.row(name=name[1], result=f'{guest.outcome}: {guest.why}')


# ---- what is compared ----

def config_of(kernel, asked, guests, failures):
    """The options of configs/ that this kernel was really built with, as hash; those that it lacks."""
    texts = {(g.path / 'guest/kernel.config').read_text() for g in guests if g.kernel == kernel and (g.path / 'guest/kernel.config').exists()}
    if len(texts) > 1:
        failures.append(f'{kernel}: its guests have different configurations')
    if len(texts) != 1:
        return {}
    text = texts.pop()
    have = set(text.splitlines())
    # an option that does not exist is as good as one that is not set
    known = {m.group() for m in re.finditer(r'CONFIG_\w+', text)}
    lacks = [a for a in asked if a not in have and not (a.startswith('#') and a.split()[1] not in known)]
    return {'config_sha256': hashlib.sha256('\n'.join(a for a in asked if a not in lacks).encode()).hexdigest(),
            'full_config_sha256': hashlib.sha256(text.encode()).hexdigest(), 'config_lacks': lacks}


def describe(described, guests, asked, failures):
    kernels = {}
    for kernel in KERNELS:
        mine = [g for g in guests if g.kernel == kernel]
        info = {**described.get(kernel, {}), 'outcome': 'pass' if mine else 'missing', 'why': '' if mine else 'no guest ran it'}
        for guest in mine:
            about = guest.meta.get('kernel', {})
            for field in ('version', 'sha256', 'compiler'):
                if about.get(field) and info.setdefault(field, about[field]) != about[field]:
                    failures.append(f'{guest.name}: another {field} than the other guests of {kernel}: {about[field]}')
            if not guest.sound():
                failures.append(f'{guest.name}: {guest.outcome}: {guest.why}')
                info.update(outcome=guest.outcome, why=f'{guest.name}: {guest.why}')
        info.update(config_of(kernel, asked, mine, failures))
        version, wanted = info.get('version', ''), info.get('version_wanted')
        if version and wanted and not re.match(rf'Linux version {re.escape(wanted)}\b', version):
            failures.append(f'{kernel}: it is {" ".join(version.split()[:3])}, and not Linux {wanted}')
        for option in info.get('config_lacks', []):
            failures.append(f'{kernel}: its configuration lacks {option}')
        kernels[kernel] = info
    for field, what in (('compiler', 'compilers'), ('config_sha256', 'configurations')):
        if len({k[field] for k in kernels.values() if k.get(field)}) > 1:
            failures.append(f'the kernels have different {what}')
    sums = [k['sha256'] for k in kernels.values() if k.get('sha256')]
    if len(set(sums)) < len(sums):
        failures.append('two of the kernels are the same binary')
    return kernels


# ---- goals ----

class Goals:
    def __init__(self, cost, points, memory, pressure, kernels):
        self.cost, self.points, self.memory, self.pressure = cost, points, memory, pressure
        self.label = {k: kernels[k].get('label', k) for k in KERNELS}
        self.rows = []

    def row(self, kernel, op, ctx):
        """A figure that does not repeat decides nothing."""
        row = self.cost.get((kernel, op, ctx, 1))
        return row if row and row['state'] == 'ok' and row.get('repeats', True) else None

    def call(self, kernel, op, ctx):
        row = self.row(kernel, op, ctx)
        return row and row['call']

    def total(self, kernel, op, ctx):
        row = self.row(kernel, op, ctx)
        return row and total(row)

    def above(self, kernel, op, ctx):
        """Above the floor of its own kernel; all of it if there is nothing below."""
        way = 'floor_' if ctx == 'task' else 'floor_irq_work_'
        parts = [self.total(kernel, op, ctx), *(self.total(kernel, way + f, ctx) for f in FLOORS.get(op, ()))]
        return None if None in parts else parts[0] - sum(parts[1:])

    def why_not(self, kernel, op, ctx):
        row = self.cost.get((kernel, op, ctx, 1))
        if row is None or row['state'] != 'ok':
            return 'not measured' if row is None else f"refused: {row['why']}"
        if not row.get('repeats', True):
            return (f"{row['call']:g}+{row['after']:g} and {row['again']['call']:g}+{row['again']['after']:g} instructions, more than 1 % apart")
        return 'its floor was not measured'

    def add(self, name, value, limit, text, less=True, hard=None):
        met = None if value is None else value <= limit if less else value >= limit
        row = {'name': name, 'value': value, 'limit': limit, 'met': met, 'text': text}
        if hard:
            row.update(hard=hard, within_hard=value is not None and (value <= hard if less else value >= hard))
        self.rows.append(row)

    def ratio(self, name, figure, op, ctx, other, limit, hard=None):
        mine, theirs = figure('patched', op, ctx), figure(other, op, ctx)
        if mine is None or theirs is None:
            who = 'patched' if mine is None else other
            if other == 'base' and theirs is None and mine is not None and self.cost.get(('base', op, ctx, 1), {}).get('state') == 'refused':
                return # the base has nothing to compare with
            return self.add(name, None, limit, f'{self.label[who]}: {self.why_not(who, op, ctx)}')
        text = f'{mine:g} instructions, {self.label[other]} {theirs:g}'
        # a ratio of what is at or below the floor says nothing: then the sign decides
        value = round(mine / theirs, 4) if theirs > 0 else (0 if mine <= theirs else None)
        if value is None:
            whole = [self.total(kernel, op, ctx) for kernel in ('patched', other)]
            self.rows.append({'name': name, 'value': None, 'limit': limit, 'met': False, 'within_hard': whole[0] <= whole[1],
                              'text': f'{text}; in total {whole[0]:g} and {whole[1]:g}'})
        else:
            self.add(name, value, limit, text, hard=hard)

    def all(self):
        operations = dict.fromkeys(op for _, op, ctx, _ in self.cost if ctx == 'task' and op.startswith(('timer_', 'wq_', 'delete_')))
        for op in operations:
            self.ratio(f'task: {op}, total, against the base', self.total, op, 'task', 'base', 1.00, 1.05)
        for op in operations:
            self.ratio(f'task: {op}, above the floor, against the rival', self.above, op, 'task', 'rival', 1.00)
        for op in ('timer_start', 'timer_start_idle', 'timer_start_first'):
            self.ratio(f'NMI: {op} until armed, above the floor, against the rival', self.above, op, 'nmi', 'rival', 0.70)
            self.ratio(f"NMI: {op}, the caller's part, against the rival", self.call, op, 'nmi', 'rival', 0.50, CALLER_HARD)
        self.no_memory()
        self.contended()
        return self.rows

    def no_memory(self):
        for name in ('memcg_limit', 'nmi_in_slab'):
            rows = {r['kernel']: r for r in self.pressure if r['name'] == name}
            mine = rows.get('patched', {})
            text = '; '.join(f"{self.label[k]}: " + (f"{r['failed']} of {r['starts']}" if r['state'] == 'ok' else f"refused: {r['why']}") for k, r in rows.items())
            self.add(f'pressure: {name}, failed starts', mine.get('failed'), 0, text or 'not measured')
        for n in (1, 100, 10000):
            rows = {r['kernel']: r for r in self.memory if r['kind'] == 'queued' and r['n'] == n}
            text = '; '.join(f"{self.label[k]}: " + (f"{r['bytes']} in {r['calls']} allocations" if r['state'] == 'ok' else f"refused: {r['why']}") for k, r in rows.items())
            mine = rows.get('patched', {})
            self.add(f'memory: slab bytes while {n} commands are queued', mine.get('bytes'), 0, text or 'not measured')

    def contended(self):
        for producers in (2, 4):
            rows = {r['kernel']: r for r in self.points if (r['bench'], r['sharing'], r['producers'], r['ctx'], r['accel'])
                    == ('async-timer-start', 'shared', producers, 'task', 'tcg') and r.get('applied')}
            text = '; '.join(f"{self.label[k]}: {median(r['applied']):.0f}/s applied of {median(r['calls']):.0f}/s" for k, r in rows.items())
            for what, other, limit in (('applied', 'base', 2.0), ('applied', 'rival', 1.0), ('calls', 'base', 2.0), ('calls', 'rival', 1.0)):
                value = round(median(rows['patched'][what]) / median(rows[other][what]), 3) if {'patched', other} <= set(rows) else None
                self.add(f"{producers} producers, one object: {CONTENDED[what]}, against the {other}", value, limit, text or 'not measured', less=False,
                         hard=APPLIED_HARD[producers] if what == 'applied' else None)


def not_run(guests, planned):
    have = {g.name for g in guests}
    return [{'what': p, 'why': 'this guest was not started'} for p in planned if p not in have]


def main(run, outcome):
    described = read_json(run / 'kernels.json')
    if not described:
        print(f'{run} has no kernels.json: it is no run of make bench')
        return 3
    guests = [Guest(p) for p in sorted(run.iterdir()) if p.is_dir() and re.fullmatch(r'[a-z]+(-\d+)?-(base|patched|rival)', p.name)]
    failures = []
    kernels = describe(described['kernels'], guests, described['config'], failures)
    cost = costs(guests, failures)
    add_locked(guests, cost, failures)
    points = throughputs([g for g in guests if g.part in ('throughput', 'kvm')])
    each = {part: [row for g in guests if g.part == part for row in read(g)]
            for part, read in (('latency', latencies), ('memory', memories), ('pressure', pressures), ('probe', probes))}
    each['memory'] += described['sizes']
    controls = [r for r in each['pressure'] if r['name'].endswith('_init')]
    each['pressure'] = [r for r in each['pressure'] if r not in controls]
    for row in controls:
        if row['state'] == 'ok' and not row['failed']:
            failures.append(f"{row['run']}: the limit did not bite: none of {row['starts']} inits failed")
    goals = Goals(cost, points, each['memory'], each['pressure'], kernels).all()
    missing = not_run(guests, described['planned'])
    if outcome == 'done':
        failures += [f"{m['what']}: not run" for m in missing]
        bad = failures or any(not (g['met'] or g.get('within_hard')) for g in goals)
        outcome = next((g.outcome for g in guests if not g.sound() and g.outcome in ('panic', 'report', 'timeout', 'vanished')), 'fail' if bad else 'pass')
    result = {'outcome': outcome, 'kernels': kernels, 'cost': list(cost.values()), 'throughput': points, 'latency': each['latency'],
              'memory': each['memory'], 'pressure': each['pressure'], 'controls': controls, 'probes': each['probe'], 'goals': goals, 'floors': FLOORS, 'failures': failures,
              'not_run': described['not_run'] + missing, 'runs': {g.name: g.about() for g in guests}}
    tmp = run / '.result.json'
    tmp.write_text(json.dumps(result, indent=1) + '\n')
    tmp.rename(run / 'result.json')
    if outcome == 'interrupted':
        return 0
    for goal in goals:
        state = 'open  ' if goal['met'] is None else 'met   ' if goal['met'] else 'near  ' if goal.get('within_hard') else 'missed'
        value = '-' if goal['value'] is None else f"{goal['value']:g}"
        hard = f", at {'most' if goal['hard'] > goal['limit'] else 'least'} {goal['hard']:g}" if state == 'near  ' and 'hard' in goal else ''
        print(f"  {state} {goal['name']}: {value} (goal {goal['limit']:g}{hard}): {goal['text']}")
    for failure in failures:
        print(f'  FAILED {failure}')
    return 0 if outcome == 'pass' else 1


if __name__ == '__main__':
    sys.exit(main(Path(sys.argv[1]), sys.argv[2]))
