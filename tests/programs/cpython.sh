# CPython's own tests: what each single test comes to.
# packages: libpython{python}-testsuite
# timeout: 300
# The log has a descriptor, and these look at all there are.
# known log test_subprocess: ^. (status [02]|test\.test_subprocess\.POSIXProcessTestCase\.test_(close_fds_when_max_fd_is_lowered|pass_fds_redirected) (ok|failure))$
# each: test_threading test_thread test_subprocess test_signal test_socket test_os test_posix test_mmap test_asyncio test_fork1 test_faulthandler test_selectors test_pty test_select test_epoll test_resource test_fcntl test_wait3 test_float test_multiprocessing_fork
module=$1
export HOME=$PWD PYTHONDONTWRITEBYTECODE=1 LC_ALL=C.UTF-8
# VSOCK: in a virtual machine without a loopback for it the test waits for ever.
/usr/bin/python3 -m test --tempdir "$PWD" --junit-xml results.xml --ignore '*VSOCK*' "$module" >output 2>&1
echo "status $?"
# A name and a result each; the times are left out. A subtest is a line of its own.
/usr/bin/python3 - <<'python'
import xml.etree.ElementTree as xml
lines = []
for case in xml.parse("results.xml").iter("testcase"):
    result = "ok" if case.get("result") in (None, "completed") else case.get("result")
    for child in case:
        if child.tag in ("failure", "error", "skipped"):
            result = child.tag
    lines.append(f"{case.get('name')} {result}")
print(len(lines) > 0, *sorted(lines), sep="\n")
python
grep -a '^\(FAIL\|ERROR\): \|^Warning -- \|was altered' output | sort -u
