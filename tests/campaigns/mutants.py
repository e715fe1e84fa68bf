"""Mutants: one promise broken at a time in a copy of the tree; the tests named for it must turn red.

A row is (name, promise, file, exact old text, new text, pytest node). To guard a new promise, add a row: the old text
must stand exactly once in the file, and the narrower the node the better. Nothing of this exists in videod itself.
"""

import argparse
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.campaigns.frame import ROOT, Campaign, Result, main, say

#: what a copy needs to be tested; everything else (environments, caches, state) stays behind
COPIED = ("videod", "scripts", "tests", "channels", "systemd", "docs", "pyproject.toml", "videod.toml", "README.md")
#: pytest says so when tests ran and some failed
RED = 1


@dataclass(frozen=True)
class Mutant:
    name: str
    promise: str
    file: str
    old: str
    new: str
    node: str


_STORE = "tests/store/test_database.py::"
_DAMAGE = "tests/faults/test_damage.py::"

MUTANTS = (
    Mutant("forget_news", "P1 what people must hear is not forgotten", "videod/store/writes.py",
           "WHERE target = ? AND key = ? AND version = ?", "WHERE target = ? AND key = ? AND version >= ?",
           _STORE + "test_a_post_made_after_a_delivery_is_never_taken_for_the_older_one"),
    Mutant("take_an_entry_twice", "P1 a wish is taken exactly once", "videod/flow/intake.py",
           'if not any(row.event == mark["event"] and row.at == mark["at"] for row in rows):', "if True:",
           "tests/flow/test_intake.py::test_a_crash_after_a_redo_does_not_buy_it_twice_and_still_unticks"),
    Mutant("half_transactions", "P1 a state change is all or nothing", "videod/store/sql_thread.py",
           '"ROLLBACK" if first else "ROLLBACK TO one"', '"COMMIT" if first else "ROLLBACK TO one"',
           _STORE + "test_a_transaction_that_raises_leaves_nothing"),
    Mutant("forget_running_jobs", "P2 what ran when the daemon died is settled", "videod/daemon/recovery.py",
           "        for job in await self.store.read(reads.running_jobs):", "        for job in ():",
           "tests/scenarios/test_recovery.py"),
    Mutant("no_intent", "P3 the intent is on disk before the order leaves", "scripts/lib/receipt.py",
           'self._keep(Receipt(VERSION, self.digest, self.service, "intent", None, "", None, after))', "pass",
           "tests/scripts/test_generate_video.py::test_the_intent_is_on_disk_before_the_order_leaves"),
    Mutant("forget_receipt", "P3 a named job is asked for, never ordered again", "scripts/lib/receipt.py",
           'self._keep(Receipt(VERSION, self.digest, self.service, "submitted", remote_id, "", None))', "pass",
           "tests/scripts/test_generate_video.py::test_the_end_of_the_wait_leaves_the_job_and_the_next_run_asks_for_the_same"),
    Mutant("buy_in_doubt", "P3 a request that may have been paid is not sent again", "scripts/lib/receipt.py",
           "        elif buy_again:", "        elif True:",
           "tests/scripts/test_generate_asset.py::test_a_lost_answer_is_in_doubt_and_the_next_run_does_not_buy"),
    Mutant("book_twice", "P3 a charge told twice is booked once", "videod/core/by_jobs.py",
           "job.charge_ref == event.reference", "False",
           "tests/core/test_workflow.py::test_the_same_charge_told_twice_is_booked_once"),
    Mutant("plan_again", "P3 a plan that stands is not bought again", "scripts/generate_plan.py",
           " and stands(output, checker):", " and False:",
           "tests/scripts/test_plan_receipt.py::test_a_plan_that_stands_is_not_asked_for_again"),
    Mutant("double_upload", "P4 one video for each task", "scripts/upload_video.py",
           "    found = channel.find(wish.marker)", "    found = None",
           "tests/scripts/test_upload_video.py::test_an_episode_that_is_already_up_is_not_uploaded_again"),
    Mutant("outage_ends_the_daemon", "P5 no fault outside ends the daemon", "videod/flow/intake.py",
           "            return await self._trouble.met(error, self.poll_interval_s)", "            raise",
           "tests/flow/test_intake.py::test_only_the_first_failure_and_the_recovery_are_logged"),
    Mutant("normal_is_enough", "P7 a power cut loses nothing acknowledged", "videod/store/database.py",
           '"PRAGMA synchronous=FULL"', '"PRAGMA synchronous=NORMAL"',
           "tests/faults/test_powercut.py"),
    Mutant("skip_fsync", "P7 a file is on disk before it bears its name", "scripts/lib/atomic.py",
           "            _force(part)\n", "", "tests/faults/test_fsync.py"),
    Mutant("skip_folder_fsync", "P7 a name is on disk before it is told", "scripts/lib/atomic.py",
           "        _force(path.parent)\n    finally:", "    finally:", "tests/faults/test_fsync.py"),
    Mutant("go_on_after_a_failed_fsync", "P7 nothing is acknowledged after a failed fsync",
           "videod/store/sql_thread.py",
           "self._failed = next((one.error for one in served if given_up(one.error)), None)", "self._failed = None",
           "tests/faults/test_disk_errors.py::test_nothing_is_written_after_a_write_that_failed_on_the_disk"),
    Mutant("trust_any_file", "P7 a damaged database is refused", "videod/store/schema.py",
           "        examine(path)\n", "        pass\n",
           _DAMAGE + "test_a_flipped_byte_in_an_index_is_found_at_the_start"),
    Mutant("quick_look_only", "P7 damage in an index is found", "videod/store/soundness.py",
           '"integrity_check" if thorough', '"quick_check" if thorough',
           _DAMAGE + "test_a_flipped_byte_in_an_index_is_found_at_the_start"),
    Mutant("begin_anew", "P1 a lost database is no fresh start", "videod/store/soundness.py",
           "        if _worked_here(path):", "        if False:",
           _DAMAGE + "test_a_start_that_finds_its_database_gone_does_not_begin_again"),
    Mutant("migrate_in_pieces", "P7 one schema or the other, never between", "videod/store/schema.py",
           "            transact(connection, lambda tx, n=number, s=script: _apply(tx, n, s))  # type: ignore[misc]",
           "            _apply(connection, number, script)",
           "tests/faults/test_migrations.py::test_a_kill_at_any_statement_leaves_one_version_whole"),
    Mutant("one_lock_only", "P3 one folder never has two daemons", "videod/daemon/lock.py",
           "            fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)\n", "",
           "tests/faults/test_two_daemons.py"),
    Mutant("show_secrets", "P8 no secret in any text", "videod/credentials.py",
           "return self._redactor(text)", "return text",
           "tests/house/test_config.py::test_redacting_finds_secrets_in_urls_json_and_inside_each_other"),
    Mutant("one_entry_stops_all", "P9 a poisoned entry fails alone", "videod/flow/intake.py",
           '            if error.kind not in ("gone", "rejected"):\n                raise\n            await',
           "            if True:\n                raise\n            await",
           "tests/flow/test_intake.py::test_trouble_with_one_entry_does_not_stop_the_others"),
    Mutant("forget_the_ban", "P10 a ban is kept, also over a restart", "videod/adapters/notion_calls.py",
           "self._ban(min(not_before_ms - clock.now_ms(), int(BLOCKED_S * 1000)))", "pass",
           "tests/adapters/test_notion_board.py::test_a_ban_is_kept_over_a_restart"),
    Mutant("line_up_through_a_ban", "P10 a ban stops those who stand in line", "videod/adapters/notion_calls.py",
           "            if not ahead_ms or self._banned_until() <= self._clock.steady_ms():", "            if True:",
           "tests/faults/test_notion_ban.py::test_a_ban_that_comes_while_others_stand_in_line_stops_them_too"),
    Mutant("lists_may_lie", "P4 no answer passes for a list that lacks our video", "scripts/lib/youtube.py",
           'if not isinstance(dig(value, "items"), list) and', "if False and",
           "tests/faults/test_traps.py::test_a_list_of_uploads_that_is_no_list_never_passes_for_a_missing_video"),
    Mutant("pages_are_sound", "P3 a gateway's page for a paid answer is in doubt", "scripts/lib/elevenlabs.py",
           "    if not reply.body or (", "    if False and (",
           "tests/faults/test_traps.py::test_a_gateways_page_in_place_of_a_paid_answer_stops_at_a_person"),
    Mutant("unpack_at_once", "P5 a packed answer does not fill the memory", "scripts/lib/packed.py",
           "\nAT_ONCE = 1 << 18", "\nAT_ONCE = 0", "tests/faults/test_http_matrix.py"),
    Mutant("follow_inside", "P8 no link of a service leads into this network", "scripts/lib/http.py",
           '    if near is not None and (near == "link-local" or', "    if False and (False or",
           "tests/faults/test_http_matrix.py"),
    Mutant("one_consent_for_all", "P10 each channel's dead consent is told", "videod/core/told.py",
           "    if suspended and of_channel_alone(job, failure):", "    if False:",
           "tests/scenarios/test_random_faults.py::test_one_channels_dead_consent_does_not_silence_the_alert_of_anothers"),
    Mutant("values_are_options", "P9 no text of an entry is taken for an option", "videod/core/legacy_args.py",
           'len(one) == 2 and one[1].startswith("-")', "False",
           "tests/faults/test_poisoned_text.py::test_any_entry_becomes_a_clean_episode_or_is_refused_in_words"),
    Mutant("start_twice", "P2 a finished step is never run again", "videod/core/by_jobs.py",
           "    if job is None or job.state != JobState.READY or", "    if job is None or",
           "tests/faults/test_never_again.py::test_a_finished_job_cannot_be_started_again"),
    Mutant("sweep_the_living", "P9 a file that is being written is left alone", "scripts/lib/atomic.py",
           "    except BlockingIOError:\n        return False", "    except BlockingIOError:\n        return True",
           "tests/scripts/test_lib_basics.py::test_leftovers_of_processes_that_are_gone_are_swept_away"),
    Mutant("stale_candidates", "fairness: who starts next is who would be chosen now", "videod/flow/candidates.py",
           "        if following is None:", "        if True:",
           "tests/scenarios/test_candidates.py::test_a_followed_lineup_chooses_what_one_that_is_read_again_does"),
    Mutant("admit_by_an_old_look", "fairness: an admission is looked at again", "videod/flow/candidates.py",
           'if not claimed.admitted or step == "plan" or task.status != was:', 'if step == "plan":',
           "tests/scenarios/test_candidates.py::test_an_admission_a_plan_and_another_status_are_read_again"),
    Mutant("keep_news_back", "the board tells the truth of what changed", "videod/core/board.py",
           "after is before and after.status not in AT_GATE and all(", "all(", "tests/core/test_any_order.py"),
    Mutant("children_first", "scripts stand behind the daemon", "videod/adapters/launch.py",
           "        stand_back(nice)", "        os.nice(nice)",
           "tests/adapters/test_process.py::test_a_child_stands_behind_the_daemon_where_sessions_share_the_processor"),
)  # fmt: skip


def complaints(mutant: Mutant) -> list[str]:
    """Why the row is no use any more: its text changed, or its test is gone."""
    found = []
    count = (ROOT / mutant.file).read_text().count(mutant.old) if (ROOT / mutant.file).is_file() else 0
    if count != 1:
        found.append(f"{mutant.name}: the old text stands {count} times in {mutant.file}")
    file, _, function = mutant.node.partition("::")
    if not (ROOT / file).is_file() or f"def {function.partition('[')[0]}" not in (ROOT / file).read_text():
        found.append(f"{mutant.name}: there is no {mutant.node}")
    return found


def run(folder: Path, given: argparse.Namespace) -> Result:
    wanted = set(given.only.split(",")) if given.only else {mutant.name for mutant in MUTANTS}
    chosen = [mutant for mutant in MUTANTS if mutant.name in wanted]
    assert len(chosen) == len(wanted), f"unknown: {wanted - {mutant.name for mutant in chosen}}"
    stale = [text for mutant in chosen for text in complaints(mutant)]
    assert not stale, "; ".join(stale)
    tree = _copied(folder / "tree")
    code, said = _tests(tree, sorted({mutant.node for mutant in chosen}))
    assert code == 0, f"the tests are not green without a mutant: {said[-2000:]}"
    alive = []
    for mutant in chosen:
        path = tree / mutant.file
        whole = path.read_text()
        path.write_text(whole.replace(mutant.old, mutant.new))
        code, said = _tests(tree, [mutant.node])
        path.write_text(whole)
        if code != RED:
            alive.append(f"{mutant.name} ({mutant.promise}): pytest left with {code}: {said[-500:]}")
        say(f"{mutant.name}: {'killed' if code == RED else 'STILL ALIVE'}")
    assert not alive, "; ".join(alive)
    return {"mutants": len(chosen), "killed": len(chosen)}


def _copied(tree: Path) -> Path:
    tree.mkdir()
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, tree / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, tree / name)
    return tree


def _tests(tree: Path, nodes: list[str]) -> tuple[int, str]:
    # the copy comes before the tree that the environment was installed from; no bytecode of a mutant may outlive it
    env = dict(os.environ) | {"PYTHONPATH": str(tree), "PYTHONDONTWRITEBYTECODE": "1"}
    argv = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "-p", "no:xdist", *nodes]
    done = subprocess.run(argv, cwd=tree, env=env, capture_output=True, text=True, check=False, timeout=900)
    return done.returncode, done.stdout + done.stderr


def _options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--only", default="", help="names of mutants, separated by commas (default: all)")


CAMPAIGN = Campaign("mutants", "a broken promise turns its test red", _options, run)

if __name__ == "__main__":
    raise SystemExit(main(CAMPAIGN))
