//! Test runs: a failed test may be flaky and is tried again, whoever ran it; what does not compile, or is not there,
//! stays as it is.

use super::*;

/// The command line, its status, and what it wrote to stdout and stderr alike.
type Run = (&'static str, u8, &'static str);

const FAILED: &[Run] = &[
    ("make test", 2, "FAIL: test-foo\n# FAIL:  1\nmake[3]: *** [Makefile:2130: test-suite.log] Error 1"),
    ("make check", 2, "Tests:       1 failed, 10 passed, 11 total\nmake: *** [Makefile:3: check] Error 1"),
    ("make all", 2, "make: *** [M:2: all] Error 1"),
    ("cargo test", 101, "test it_works ... FAILED\nerror: test failed, to rerun pass `--lib`"),
    (
        "cargo nextest run",
        100,
        "     Summary [   0.010s] 4 tests run: 3 passed, 1 failed\nerror: test run failed",
    ),
    (
        "go test ./...",
        1,
        "--- FAIL: TestFoo (0.00s)\n    foo_test.go:8: got 1, want 2\nFAIL\nFAIL\texample.com/foo\t0.003s",
    ),
    ("npm test", 1, "> x@1.0.0 test\n> jest\n\nTests:       1 failed, 10 passed, 11 total"),
    ("npm run t", 3, "> x@1.0.0 t\n> exit 3"),
    ("yarn test", 1, "Test Suites: 1 failed, 3 passed, 4 total\nerror Command failed with exit code 1."),
    ("pnpm test", 1, " Test Files  1 failed (1)\n ELIFECYCLE  Test failed. See above for more details."),
    ("jest", 1, "Tests:       2 failed, 2 total"),
    (
        "vitest run",
        1,
        " FAIL  a.test.ts > adds\nAssertionError: expected 404 to be 200\n Test Files  1 failed (1)",
    ),
    ("mocha", 3, "  5 passing (12ms)\n  3 failing\n\n  1) login\n     Error: HTTP 403 Forbidden"),
    ("playwright test", 1, "  1 failed\n    [chromium] › login.spec.ts:3:1 › login"),
    ("cypress run", 1, "  1 passing (2s)\n  1 failing"),
    ("pytest", 1, "E   assert 404 == 200\n=== 1 failed, 5 passed in 0.12s ==="),
    ("python -m pytest", 1, "FAILED tests/test_a.py::test_b - KeyError: 'not found'"),
    ("python manage.py test", 1, "FAILED (failures=1)"),
    ("tox", 1, "  py311: FAIL code 1 (5.00 seconds)\n  evaluation failed :( (5.11 seconds)"),
    (
        "mvn verify",
        1,
        "[ERROR] Tests run: 3, Failures: 1, Errors: 0, Skipped: 0\n[ERROR] There are test failures.",
    ),
    ("gradle test", 1, "Execution failed for task ':test'.\n> There were failing tests."),
    ("./gradlew check", 1, "Execution failed for task ':app:testDebugUnitTest'."),
    ("ctest", 8, "50% tests passed, 1 tests failed out of 2"),
    ("ctest --output-on-failure", 8, ""),
    ("bazel test //...", 3, "Executed 1 out of 1 test: 1 fails locally."),
    ("rspec", 1, "10 examples, 1 failure"),
    ("bundle exec rake test", 1, "5 runs, 9 assertions, 1 failures, 0 errors, 0 skips"),
    ("phpunit", 1, "FAILURES!\nTests: 12, Assertions: 30, Failures: 1."),
    ("dotnet test", 1, "Failed!  - Failed:     1, Passed:    41, Skipped:     0, Total:    42"),
    ("swift test", 1, "\t Executed 3 tests, with 1 failure (0 unexpected) in 0.02 (0.02) seconds"),
    ("xcodebuild test", 65, "Testing failed:\n\tAppUITests.testLogin()\n** TEST FAILED **"),
    ("deno test", 1, "FAILED | 1 passed | 1 failed (5ms)"),
    ("mix test", 2, "3 tests, 1 failure"),
    ("flutter test", 1, "00:05 +3 -1: Some tests failed."),
    ("sbt test", 1, "[error] (Test / test) sbt.TestsFailedException: Tests unsuccessful"),
    (
        "docker build .",
        1,
        "#9 3.1 === 1 failed, 5 passed in 0.12s ===\nprocess \"/bin/sh -c pytest\" did not complete successfully: exit code: 1",
    ),
];

const BROKEN: &[Run] = &[
    ("make nosuch", 2, "make: *** No rule to make target 'nosuch'.  Stop."),
    ("make", 2, "foo.c:3:1: error: unknown type name 'foo'\nmake: *** [Makefile:5: foo.o] Error 1"),
    ("make", 2, "/bin/sh: 1: nasm: not found\nmake: *** [Makefile:5: all] Error 127"),
    (
        "cargo test",
        101,
        "error[E0425]: cannot find value `x`\nerror: could not compile `foo` (lib test) due to 1 previous error",
    ),
    ("go test ./...", 1, "--- FAIL: TestA (0.00s)\nFAIL\texample.com/foo [build failed]"),
    ("npm run nosuch", 1, "npm error Missing script: \"nosuch\""),
    (
        "jest",
        1,
        "● Test suite failed to run\n\n    Cannot find module './x' from 'src/x.test.js'\n\nTest Suites: 1 failed, 1 total",
    ),
    (
        "playwright test",
        1,
        "Error: browserType.launch: Executable doesn't exist at /root/.cache\n  1 failed\n    [chromium] › a.spec.ts:3:1 › a",
    ),
    (
        "pytest",
        2,
        "ERROR tests/test_a.py\nE   ModuleNotFoundError: No module named 'requests'\n!!! Interrupted: 1 error during collection !!!",
    ),
    ("pytest nosuch.py", 4, "ERROR: file or directory not found: nosuch.py"),
    ("mvn verify", 1, "[ERROR] COMPILATION ERROR : \n[ERROR] There are test failures."),
    (
        "gradle build",
        1,
        "Execution failed for task ':compileTestJava'.\n> Compilation failed; see the compiler error output for details.",
    ),
    ("bazel build //nosuch", 1, "ERROR: Skipping '//nosuch': no such package 'nosuch'"),
    ("dotnet test", 1, "/src/Program.cs(12,17): error CS1002: ; expected [/src/App.csproj]\nBuild FAILED."),
    ("tsc -p .", 1, "src/a.ts(1,1): error TS2304: Cannot find name 'foo'."),
    ("mix test", 1, "== Compilation error in file lib/a.ex =="),
    ("docker run -it x", 1, "the input device is not a TTY"),
    ("docker login", 1, "Error: Cannot perform an interactive login from a non TTY device"),
    (
        "sudo apt-get update",
        1,
        "sudo: a terminal is required to read the password; either use the -S option\nsudo: a password is required",
    ),
];

fn judged((command, code, text): &Run, on_stdout: bool) -> crate::classify::Classification {
    let knowledge = Rc::new(reading(command));
    let (stderr, stdout) = if on_stdout { ("", *text) } else { (*text, "") };
    Rules { knowledge, ..Rules::default() }.classify(&attempt(*code, stderr, stdout), None)
}

#[test]
fn a_failed_test_run_is_tried_again_and_what_cannot_run_is_not() {
    let mut wrong = Vec::new();
    for (runs, class) in [(FAILED, Class::Transient), (BROKEN, Class::Permanent)] {
        for run in runs {
            for on_stdout in [false, true] {
                let verdict = judged(run, on_stdout);
                if verdict.class != class {
                    wrong.push(format!("{run:?}: {} by {}", verdict.class.name(), verdict.rule.id));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_failed_test_says_that_it_is_one() {
    for run in FAILED.iter().filter(|run| !["make all", "npm run t"].contains(&run.0)) {
        let verdict = judged(run, true);
        assert_eq!(verdict.kind.as_deref(), Some("test"), "{run:?}: {}", verdict.rule.id);
    }
}
