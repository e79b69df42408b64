# SPDX-License-Identifier: GPL-2.0
"""What results/ holds: which run speaks for which part of the report, and whether it may.

The newest run of a part decides. If that one was interrupted, hung, or is of an older tree, the part is a hole with
these words in it: an older run is never put in its place."""

import json
import re
import shutil
from pathlib import Path

RUN = re.compile(r'(\d{8}T\d{6}Z)-(.+)')
KEPT = ('result.json', 'metadata.json', 'kernels.json')
PARTS = ('bench', 'measure', 'test-scripts', 'mutants', 'prove', 'check', 'regress', 'demo')


def read_json(path):
    """What the file says, and what is wrong with it."""
    try:
        data = json.loads(path.read_text())
    except FileNotFoundError:
        return {}, f'it left no {path.name}'
    except (OSError, ValueError) as error:
        return {}, f'its {path.name} cannot be read ({error})'
    if not isinstance(data, dict):
        return {}, f'its {path.name} is no JSON object'
    return data, ''


class Run:
    """One directory TIME-PART of results/."""

    def __init__(self, path, trees):
        self.path = path
        self.time, name = RUN.fullmatch(path.name).groups()
        self.result, bad_result = read_json(path / 'result.json')
        self.meta, bad_meta = read_json(path / 'metadata.json')
        self.part = self.part_of(name)
        self.kind = self.part if self.part in PARTS else self.part.split('-')[0]
        self.commit = str(self.meta.get('commit', ''))
        self.guests = [self.guest(p.parent) for p in sorted(path.rglob('metadata.json')) if p.parent != path]
        self.state, self.why = self.judge(bad_result, bad_meta, trees)

    @staticmethod
    def part_of(name):
        """test-x86_64-plain2, the second of its second, is test-x86_64-plain."""
        for part in PARTS:
            if re.fullmatch(part + r'\d*', name):
                return part
        match = re.fullmatch(r'((?:test|torture)-(?:x86_64|arm64)-[a-z]+)\d*', name)
        return match[1] if match else ''

    def guest(self, path):
        meta, _ = read_json(path / 'metadata.json')
        result, _ = read_json(path / 'result.json')
        kernel = meta.get('kernel') or {}
        return {'name': str(path.relative_to(self.path)), 'kernel': kernel.get('version', ''), 'sha256': kernel.get('sha256', ''),
                'compiler': kernel.get('compiler', ''), 'config': f"{meta.get('arch', '')} {meta.get('config', '')}",
                'accelerator': meta.get('accelerator', ''), 'qemu': meta.get('qemu', ''), 'outcome': result.get('outcome', ''),
                'why': result.get('why', ''), 'repeat': meta.get('repeat', '')}

    def judge(self, bad_result, bad_meta, trees):
        """A state and the words for it: ok and fail have figures that count, all others are holes."""
        if bad_meta:
            return 'unknown', f'{bad_meta}: nobody can tell what tree it is of'
        depends = self.meta.get('depends')
        if not depends:
            return 'unknown', 'its metadata.json does not say what it depends on: nobody can tell what tree it is of'
        if depends != trees.get(self.kind):
            return 'older', f'it is of an older tree ({self.commit}): what it depends on has changed since'
        if bad_result:
            return 'interrupted', bad_result + ': it did not come to its end'
        outcome = self.result.get('outcome')
        guests = '' if len(self.guests) > 4 else '; '.join(f"{g['name']}: {g['why']}" for g in self.guests if g['why'] and g['outcome'] != 'interrupted')
        status = [v for k, v in self.result.items() if k.endswith('_status')]
        if outcome == 'interrupted':
            return 'interrupted', 'it was interrupted'
        if self.kind == 'bench' and outcome in ('panic', 'report', 'hang', 'timeout', 'vanished'):
            outcome = 'fail'  # of one of its guests: what the others measured stands, and its kernel says what became of it
        if outcome in ('panic', 'report') or 5 in status:
            return 'panic', 'a kernel panicked, or reported a bug on its console' + (f' ({guests})' if guests else '')
        if outcome in ('hang', 'timeout') or 4 in status:
            return 'hang', 'a guest hung' + (f' ({guests})' if guests else '')
        if outcome == 'fail':
            said = '; '.join(str(f) for f in self.result.get('failures', []) if isinstance(f, str)) or guests
            return 'fail', 'it failed' + (f' ({said})' if said else '')
        if outcome != 'pass':
            return 'unknown', f'its outcome is {outcome!r}, which means nothing here'
        if not self.result.keys() - {'outcome'}:
            return 'unknown', 'its result.json has an outcome and no figures'
        return 'ok', ''

    @property
    def dirty(self):
        return self.commit.endswith('-dirty')

    def provenance(self):
        return {'run': self.path.name, 'date': self.meta.get('date', self.time), 'commit': self.commit, 'state': self.state, 'why': self.why,
                'repeat': self.meta.get('repeat', ''), 'guests': self.guests}


def runs(places, trees):
    """All runs that belong to a part, the newest first. Of one that is in two places, that in the first."""
    found = {p.name: Run(p, trees) for place in reversed(places) if place.is_dir() for p in place.iterdir()
             if p.is_dir() and not p.is_symlink() and RUN.fullmatch(p.name)}
    return sorted((r for r in found.values() if r.part), key=lambda r: r.path.name, reverse=True)


def keep(wanted, place):
    """Of each run its JSON files, in a place of the repository. Other runs of its kind that were there go: what stands in the
    README is of these."""
    names, kinds = {run.path.name for run in wanted}, {run.kind for run in wanted}
    for old in place.iterdir() if place.is_dir() else ():
        if old.name not in names and Run(old, {}).kind in kinds:
            shutil.rmtree(old)
    for run in wanted:
        if run.path.parent == place:
            continue
        shutil.rmtree(place / run.path.name, ignore_errors=True)
        for path in run.path.rglob('*.json'):
            if path.name in KEPT:
                copy = place / run.path.name / path.relative_to(run.path)
                copy.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(path, copy)
