import resource

from service.server import process


def test_more_clients_are_let_in_than_a_shell_allows_files():
    before, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (512, most))
        process.allow_files()
        raised, saved = resource.getrlimit(resource.RLIMIT_NOFILE)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (before, most))
    assert saved == most
    assert raised == (65_536 if most == resource.RLIM_INFINITY else min(most, 65_536))
