# SPDX-License-Identifier: GPL-2.0
"""The benchmark's part: three kernels beside each other, the goals, the charts."""

from statistics import median

import views

KERNELS = ('base', 'patched', 'rival')
CONTEXTS = {'task': 'From a task', 'irqsoff': 'Interrupts off', 'irqsoff_traced': 'Interrupts off, traced program', 'nmi': 'From NMI'}
OPS = {'timer_start': 'start', 'timer_start_idle': 'start, idle', 'timer_cancel': 'cancel', 'timer_cancel_async': 'cancel_async',
       'timer_set_callback': 'set_callback', 'timer_set_callback_same': 'set_callback,\nthe same', 'timer_cycle': 'start + cancel\n+ set_callback',
       'timer_init': 'init', 'timer_delete': 'delete', 'wq_start': 'wq start', 'wq_set_callback': 'wq set_callback', 'wq_init': 'wq init',
       'wq_delete': 'wq delete'}
# What any implementation has to call, for each operation that has such a thing
FLOORS = {'timer_start': ('hrtimer_start',), 'timer_start_idle': ('hrtimer_start_idle',), 'timer_cancel': ('hrtimer_cancel',),
          'timer_cancel_async': ('hrtimer_cancel',), 'timer_cycle': ('hrtimer_start_idle', 'hrtimer_cancel'), 'wq_start': ('schedule_work',)}
DEFERRED = ('irqsoff_traced', 'nmi')


class Bench:
    def __init__(self, result):
        self.result = result
        self.kernels = {k: v.get('label') or k for k, v in result.get('kernels', {}).items()}
        self.cost = {(r['kernel'], r['op'], r['ctx']): r for r in result.get('cost', []) if r.get('objects', 1) == 1}

    def total(self, kernel, op, ctx):
        row = self.cost.get((kernel, op, ctx))
        return row['call'] + row['after'] if row and row['state'] == 'ok' else None

    def floor(self, kernel, op, ctx):
        """The bare calls below the operation, through a bare irq_work where it has to be deferred."""
        way = 'floor_irq_work_' if ctx in DEFERRED or (op == 'wq_start' and ctx != 'task') else 'floor_'
        parts = [self.total(kernel, way + name, ctx) for name in FLOORS.get(op, ())]
        return sum(parts) if parts and None not in parts else None

    def above(self, kernel, op, ctx):
        total, floor = self.total(kernel, op, ctx), self.floor(kernel, op, ctx)
        return total - floor if total is not None and floor is not None else None

    def cell(self, kernel, op, ctx):
        """What a bar shows, or the words in its place."""
        row = self.cost.get((kernel, op, ctx))
        state = self.result['kernels'].get(kernel, {}).get('outcome', 'missing')
        if row is None:
            return {'why': 'not measured' if state == 'pass' else KERNEL_WORDS.get(state, state)}
        if row['state'] != 'ok':
            return {'why': 'refused: ' + row.get('why', '')}
        return {'call': row['call'], 'after': row['after'], 'floor': self.floor(kernel, op, ctx), 'above': self.above(kernel, op, ctx),
                **{k: row[k] for k in ('ipis', 'locked', 'barriers') if row.get(k) is not None}}

    def throughput(self, bench, sharing, producers):
        """{kernel: row} of one point, what was refused left out."""
        return {r['kernel']: r for r in self.result.get('throughput', [])
                if (r['bench'], r['sharing'], r['producers'], r['state']) == (bench, sharing, producers, 'ok') and r.get('ctx', 'task') == 'task'}


KERNEL_WORDS = {'panic': 'kernel panicked', 'report': 'kernel reported a bug', 'hang': 'guest hung', 'missing': 'not run',
                'interrupted': 'interrupted', 'fail': 'run failed'}


def mixed(result):
    """Why the kernels of this result must not stand beside each other, or nothing."""
    kernels = result.get('kernels', {})
    unknown = {r.get('kernel') for rows in result.values() if isinstance(rows, list) for r in rows if isinstance(r, dict) and 'kernel' in r} - set(kernels)
    if unknown:
        return f'it has figures of kernels that it does not describe: {", ".join(map(str, sorted(unknown, key=str)))}'
    for field, what in (('compiler', 'compilers'), ('config_sha256', 'configurations')):
        values = {k: v[field] for k, v in kernels.items() if v.get(field)}
        if len(set(values.values())) > 1:
            return f'its kernels have different {what}, so it compares nothing: ' + '; '.join(f'{kernels[k].get("label", k)}: {v[:40]}' for k, v in values.items())
    binaries = [v['sha256'] for v in kernels.values() if v.get('sha256')]
    if len(set(binaries)) < len(binaries):
        return 'two of its kernels are one and the same binary'
    return ''


def ratio(a, b):
    """None if one of them was not measured, or refused: then it is a word."""
    return a / b if isinstance(a, (int, float)) and isinstance(b, (int, float)) and b else None


def goal(title, value, limit, better, unit, what, values, hard=None):
    """One headline: a figure, what was wanted of it, whether it is so (unknown: it was not measured), and what it is made of."""
    met = None if value is None else (value >= limit if better == 'more' else value <= limit)
    state = 'unknown' if met is None else 'met' if met else 'near' if hard is not None and value <= hard else 'missed'
    sign = '≥ ' if better == 'more' else '≤ ' if limit else ''
    return {'title': title, 'value': value, 'shown': '–' if value is None else f'{value:.2f}' if unit else f'{value:,.0f}', 'unit': unit,
            'state': state, 'goal': f'{sign}{limit:g}' + (f', at most {hard:g}' if hard else ''), 'what': what, 'values': values,
            'most': max([v for v in values.values() if not isinstance(v, str)], default=0)}


def headlines(b, pressure, queued):
    """The goals that the series set itself (Documentation/testing.rst)."""
    base, rival = b.kernels.get('base', 'base'), b.kernels.get('rival', 'rival')
    start = {k: b.cell(k, 'timer_start', 'nmi') for k in b.kernels}
    above, call = ({k: c.get('why') or ('no floor' if c[field] is None else c[field]) for k, c in start.items()} for field in ('above', 'call'))
    task = {op: ratio(b.total('patched', op, 'task'), b.total('base', op, 'task')) for op in OPS if op.startswith('timer_')}
    task = {op: r for op, r in task.items() if r is not None}
    worst = max(task, key=task.get) if task else 'timer_start'
    failed = {k: sum(r['failed'] for r in pressure if r['kernel'] == k and r['state'] == 'ok') for k in b.kernels
              if any(r['kernel'] == k and r['state'] == 'ok' for r in pressure)}
    most = max((r['n'] for r in queued), default=0)
    held = {r['kernel']: r['bytes'] for r in queued if r['n'] == most and r['state'] == 'ok'}
    applied = {k: median(r['applied']) for k, r in b.throughput('async-timer-start', 'shared', 4).items() if r.get('applied')}
    return [
        goal(f'Start from NMI until armed, above the floor, against {rival}', ratio(above.get('patched'), above.get('rival')), 0.70, 'less', '×',
             'instructions above the floor', above),
        goal(f'The caller’s part of it, inside the NMI, against {rival}', ratio(call.get('patched'), call.get('rival')), 0.50, 'less', '×',
             'instructions in the NMI', call),
        goal(f'The timer operation that fares worst from a task, against {base}', task.get(worst), 1.00, 'less', '×',
             OPS[worst].replace('\n', ' ') + ', instructions in all', {k: t for k in b.kernels if (t := b.total(k, worst, 'task')) is not None}, hard=1.05),
        goal('Starts that failed, in all tests of memory pressure', failed.get('patched'), 0, 'less', '', 'failed starts', failed),
        goal(f'Bytes that {most:,} queued commands take', held.get('patched'), 0, 'less', '', 'bytes in the slab', held),
        goal(f'Commands applied, 4 producers on one object, against {base}', ratio(applied.get('patched'), applied.get('base')), 2, 'more', '×',
             'commands a second, median', applied)]


def view(report):
    part = report.newest('bench', 'the benchmark')
    if 'result' not in part:
        return part
    why = mixed(part['result'])
    if why:
        return views.wrong(report, part, 'bench', why)
    try:
        return figures(report, {**part}, part['result'])
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        return views.wrong(report, part, 'bench', f'its rows are not in the form that this report reads ({type(error).__name__}: {error})')


def figures(report, part, result):
    del part['result']
    b = Bench(result)
    for kernel in KERNELS:
        info = result['kernels'].get(kernel)
        if info is None or info.get('outcome', 'pass') != 'pass':
            state = (info or {}).get('outcome', 'missing')
            why = f"{KERNEL_WORDS.get(state, state)}{': ' + info['why'] if info and info.get('why') else ''}"
            report.hole('bench', f'the benchmark on {b.kernels.get(kernel, kernel)}', why)
            part.setdefault('bad_kernels', []).append({'kernel': kernel, 'label': b.kernels.get(kernel, kernel), 'why': why})
    memory, pressure = result.get('memory', []), result.get('pressure', [])
    queued = [r for r in memory if r.get('kind') == 'queued']
    part.update(
        kernels=b.kernels, info=result['kernels'], headlines=headlines(b, pressure, queued),
        cost={ctx: [{'op': op, 'label': label.replace('\n', ' '), 'cells': {k: b.cell(k, op, ctx) for k in b.kernels}} for op, label in OPS.items()
                    if any((k, op, ctx) in b.cost for k in b.kernels)] for ctx in CONTEXTS},
        latency=result.get('latency', []), throughput=result.get('throughput', []), not_run=result.get('not_run', []),
        queued=table(queued, lambda r: f"{r['n']:,} commands", 'bytes'),
        sizes=table([r for r in memory if r.get('kind') != 'queued'], lambda r: r['name'] + (', one object in its slab' if r['kind'] == 'object' else ''), 'bytes'),
        pressure=table(pressure, lambda r: r['name'].replace('_', ' '), 'failed', 'starts'), waiting=queued,
        probes=table(result.get('probes', []), lambda r: r['name'].replace('_', ' '), 'result'))
    part['cost'] = {ctx: rows for ctx, rows in part['cost'].items() if rows}
    for what, rows in (('cost of the operations', part['cost']), ('latency', part['latency']), ('throughput', part['throughput']),
                       ('memory', part['queued']), ('memory pressure', part['pressure']), ('semantics', part['probes'])):
        if not rows:
            report.hole('bench', what, f"the newest run, {part['run']}, has no such figures")
    unsteady = [f"{b.kernels[r['kernel']]}: {r['op']}, {r['ctx']}" for r in result['cost'] if r.get('repeats') is False and r.get('objects', 1) == 1]
    if unsteady:
        report.note(f"{part['run']}: instruction counts that did not repeat within 1 %: {'; '.join(unsteady)}.")
    for row in result.get('not_run', []):
        report.hole('bench', row['what'], row['why'])
    for head in part['headlines']:
        if head['state'] == 'missed':
            report.failures.append({'part': 'bench', 'where': head['title'], 'why': f"{head['shown']}{head['unit']}, and the goal is {head['goal']}", 'command': part['command']})
    return part


def table(rows, name, field, of=None):
    """Rows of a kernel each as rows that have a cell for each kernel."""
    out = {}
    for row in rows:
        out.setdefault(name(row), {})[row['kernel']] = ('refused: ' + str(row.get('why', '')) if row.get('state', 'ok') != 'ok' else
            (f'{row[field]:,}' if isinstance(row[field], (int, float)) else row[field]) + (f' of {row[of]:,}' if of else '')
            + (f" ({row['errno']})" if row.get('errno') and row[field] else ''))
    return [{'name': key, 'cells': cells} for key, cells in out.items()]


def scaling_lines(part, bench, sharing):
    """Multiples of the base kernel with one producer, where it was measured; medians with the least and the most."""
    rows = [r for r in part['throughput'] if r['bench'] == bench and r['sharing'] == sharing and r['state'] == 'ok' and r.get('ctx', 'task') == 'task' and r.get('applied')]
    for kernel in ('base', 'patched', 'rival'):
        unit = next((median(r['applied']) for r in rows if r['kernel'] == kernel and r['producers'] == 1), None)
        if unit:
            break
    else:
        return {}, ''
    lines = {k: sorted((r['producers'], median(r['applied']) / unit, min(r['applied']) / unit, max(r['applied']) / unit) for r in rows if r['kernel'] == k)
             for k in part['kernels']}
    return {k: v for k, v in lines.items() if v}, f"{part['kernels'][kernel]} with one producer"


def draw(part, charts):
    """The charts of the part: (section, title, SVG)."""
    names = part['kernels']
    out = []
    for ctx, rows in part['cost'].items():
        cells = [(OPS[r['op']], r['cells']) for r in rows]
        out.append(('cost', CONTEXTS[ctx], charts.cost(f'cost-{ctx}', CONTEXTS[ctx], cells, names)))
    for key in dict.fromkeys((r['what'], r['ctx'], r['to']) for r in part['latency']):
        rows = {r['kernel']: r for r in part['latency'] if (r['what'], r['ctx'], r['to']) == key}
        curves = {k: {**rows[k], 'buckets': rows[k]['hist']} for k in names if k in rows and rows[k]['state'] == 'ok' and rows[k].get('hist')}
        refused = [f"{names[k]}: {r.get('why') or r['state']}" for k, r in rows.items() if r['state'] != 'ok']
        what, ctx, to = key
        title = f"{'Timer' if what == 'timer' else 'Work item'}, {CONTEXTS.get(ctx, ctx).lower().replace('nmi', 'NMI')}: from start to {'armed' if to == 'armed' else 'callback'}"
        if curves:
            out.append(('latency', title, charts.latency('latency-' + '-'.join(key), title, curves, names), '; '.join(refused)))
    benches = dict.fromkeys((r['bench'], r['sharing']) for r in part['throughput'])
    for bench, sharing in benches:
        lines, one = scaling_lines(part, bench, sharing)
        if lines:
            title = f"{bench.removeprefix('async-').replace('-', ' ')}, {'one object' if sharing == 'shared' else 'an object for each producer'}"
            out.append(('scaling', title, charts.scaling(f'scaling-{bench}-{sharing}', title, lines, names, one)))
    if part['waiting']:
        rows = [(n, {r['kernel']: r['bytes'] if r['state'] == 'ok' else 'refused: ' + r.get('why', '') for r in part['waiting'] if r['n'] == n})
                for n in sorted({r['n'] for r in part['waiting']})]
        out.append(('memory', 'Slab bytes while commands are queued', charts.queued('queued', 'Slab bytes while commands are queued', rows, names)))
    return [{'section': o[0], 'title': o[1], 'svg': o[2], 'note': o[3] if len(o) > 3 else ''} for o in out]
