"""What the accounts store promises: who may sign in, how often one may guess, what is kept."""

from __future__ import annotations

import sqlite3
import stat
from concurrent.futures import ThreadPoolExecutor

import pytest
from argon2 import PasswordHasher
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from governance.errors import ConfigurationError
from governance.terms import Text
from tests.fakes.clock import FakeClock
from wenshu.accounts import Accounts, SignInFailed, UnknownUser, WeakPassword
from wenshu.throttle import PER_ACCOUNT, Throttled

CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def accounts(tmp_path, clock):
    store = Accounts.open(tmp_path / "accounts.db", clock=clock, hasher=CHEAP)
    store.add("market", role="marketing", department="marketing", name=Text(zh="林市场", en="Lin"), attributes={})
    store.add("manager_east", role="sales_manager", department="sales", name=Text(zh="王", en="Wang"), attributes={"region": "华东"})
    return store


def test_an_account_carries_the_attributes_that_scopes_refer_to(accounts):
    actor = accounts.actor("manager_east")
    assert (actor.role, actor.department, actor.attributes["region"], actor.via) == ("sales_manager", "sales", "华东", "local_admin")


def test_a_user_may_be_named_like_a_role(accounts):
    accounts.add("marketing", role="committee", department="governance", name=Text(zh="甲", en="A"))
    assert accounts.actor("marketing").role == "committee"


def test_the_one_time_password_signs_in_and_must_be_changed(accounts):
    password = accounts.one_time_password("market")
    assert accounts.verify_password("market", password, client="a").must_change
    accounts.change_password("market", password, "a better password", client="a")
    assert not accounts.verify_password("market", "a better password", client="a").must_change
    with pytest.raises(SignInFailed):
        accounts.verify_password("market", password, client="a")


def test_an_account_without_a_password_can_not_sign_in(accounts):
    for guess in ("", "None", "null"):
        with pytest.raises(SignInFailed):
            accounts.verify_password("market", guess, client="a")


@pytest.mark.parametrize(("new", "reason"), [("short", "short"), ("x" * 300, "long"), ("my-market-secret", "name"), ("aaaaaaaaaaaa", "simple"), ("123456789012", "simple"), ("abababababab", "simple")])
def test_a_weak_new_password_changes_nothing(accounts, new, reason):
    password = accounts.one_time_password("market")
    with pytest.raises(WeakPassword) as caught:
        accounts.change_password("market", password, new, client="a")
    assert caught.value.reason == reason
    assert accounts.verify_password("market", password, client="a").must_change


def test_an_unknown_user_and_a_wrong_password_look_alike(accounts):
    accounts.one_time_password("market")
    errors = []
    for user in ("market", "nobody", "manager_east"):
        with pytest.raises(SignInFailed) as caught:
            accounts.verify_password(user, "wrong password", client=user)
        errors.append(str(caught.value))
    assert len(set(errors)) == 1


def test_guessing_waits_longer_each_time_and_the_right_password_waits_too(accounts, clock):
    password = accounts.one_time_password("market")
    for n in range(PER_ACCOUNT.free + 1):
        with pytest.raises(SignInFailed):
            accounts.verify_password("market", f"guess {n}", client=f"client {n}")
    waits = []
    for n in range(6):
        with pytest.raises(Throttled) as caught:
            accounts.verify_password("market", password, client="fresh")
        waits.append(caught.value.retry_after)
        clock.forward(seconds=caught.value.retry_after)
        with pytest.raises(SignInFailed):
            accounts.verify_password("market", f"again {n}", client=f"other {n}")
    assert waits == sorted(waits)
    assert waits[-1] > 8 * waits[0]
    clock.forward(hours=1)
    assert accounts.verify_password("market", password, client="fresh").id == "market"


def test_a_client_that_guesses_many_accounts_waits_and_owning_one_account_does_not_help(accounts, clock):
    password = accounts.one_time_password("market")
    with pytest.raises(Throttled):
        for n in range(100):
            with pytest.raises(SignInFailed):
                accounts.verify_password(f"user{n}", "guess", client="198.51.100.7")
            clock.forward(milliseconds=1)
            if n % 10 == 0:
                accounts.verify_password("market", password, client="198.51.100.7")
    assert accounts.verify_password("market", password, client="another").id == "market"


def test_guesses_sent_at_once_do_not_outrun_the_count(accounts):
    accounts.one_time_password("market")

    def guess(n):
        try:
            accounts.verify_password("market", f"guess {n}", client=f"client {n}")
        except SignInFailed:
            return "checked"
        except Throttled:
            return "throttled"

    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(guess, range(40)))
    assert results.count("checked") == PER_ACCOUNT.free + 1


def test_the_throttle_survives_a_restart(accounts, clock, tmp_path):
    for n in range(PER_ACCOUNT.free + 1):
        with pytest.raises(SignInFailed):
            accounts.verify_password("market", "wrong", client=f"{n}")
    again = Accounts.open(tmp_path / "accounts.db", clock=clock, hasher=CHEAP)
    with pytest.raises(Throttled):
        again.verify_password("market", "wrong", client="x")


def test_a_token_opens_its_own_account_only_and_can_be_revoked(accounts):
    mine, other = accounts.token("market"), accounts.token("manager_east")
    assert accounts.verify_token(mine).id == "market"
    assert accounts.verify_token(other).id == "manager_east"
    _, public, secret = mine.split("_", 2)
    forged = f"wst_{other.split('_')[1]}_{secret}"
    for bad in (forged, mine[:-1], mine + "A", "", "wst_", "Bearer x"):
        with pytest.raises(SignInFailed):
            accounts.verify_token(bad)
    accounts.revoke_token(public)
    with pytest.raises(SignInFailed):
        accounts.verify_token(mine)


def test_a_disabled_account_has_no_door_left(accounts):
    password, token = accounts.one_time_password("market"), accounts.token("market")
    accounts.disable("market")
    with pytest.raises(SignInFailed):
        accounts.verify_password("market", password, client="a")
    with pytest.raises(SignInFailed):
        accounts.verify_token(token)
    with pytest.raises(SignInFailed):
        accounts.actor("market")


def test_no_secret_is_in_the_file(accounts, tmp_path):
    password, token = accounts.one_time_password("market"), accounts.token("market")
    with sqlite3.connect(tmp_path / "accounts.db") as db:
        dump = "\n".join(db.iterdump())
    assert "market" in dump
    assert password not in dump
    assert token.split("_", 2)[2] not in dump  # the secret may hold "_" itself


def test_the_file_is_for_its_owner_only(accounts, tmp_path):
    assert stat.S_IMODE((tmp_path / "accounts.db").stat().st_mode) == 0o600


def test_bad_input_is_one_clear_error_and_changes_nothing(accounts, tmp_path):
    before = accounts.list()
    for user, role in (("a b", "marketing"), ("", "marketing"), ("x", "Marketing!"), ("market", "marketing")):
        with pytest.raises(ConfigurationError):
            accounts.add(user, role=role, department="marketing", name=Text(zh="x", en="x"))
    with pytest.raises(UnknownUser):
        accounts.one_time_password("nobody")
    assert accounts.list() == before
    (tmp_path / "junk.db").write_bytes(b"this is not a database, it is only text, longer than a header" * 20)
    with pytest.raises(ConfigurationError):
        Accounts.open(tmp_path / "junk.db")


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(password=st.text(st.characters(exclude_categories=["Cs"]), min_size=10, max_size=60).filter(lambda p: "market" not in p.lower() and len(set(p)) >= 8))
def test_any_password_that_is_accepted_signs_in_again(accounts, clock, password):
    once = accounts.one_time_password("market")
    clock.forward(hours=25)
    try:
        accounts.change_password("market", once, password, client="a")
    except WeakPassword as error:
        assert error.reason == "simple"
        assume(False)
    assert accounts.verify_password("market", password, client="a").id == "market"
    with pytest.raises(SignInFailed):
        accounts.verify_password("market", password + "x", client="a")
