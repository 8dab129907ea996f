//! How programs end, and what is left of them: nothing.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::chamber::Chamber;

fn shell(script: &str) -> Chamber {
    Chamber::new(&[]).with("command", json!(["/usr/bin/sh", "-c", script]))
}

#[test]
fn codes_and_signals_are_told_apart() {
    for (script, wanted) in [
        ("exit 0", json!({ "how": "exit", "code": 0 })),
        ("exit 43", json!({ "how": "exit", "code": 43 })),
        ("kill -TERM $$", json!({ "how": "signal", "signal": 15 })),
        ("kill -KILL $$", json!({ "how": "signal", "signal": 9 })),
    ] {
        assert_eq!(shell(script).run().ending(), &wanted, "{script}");
    }
}

#[test]
fn a_program_that_takes_too_long_is_ended_with_all_it_began() {
    let chamber = shell("sleep 600 & sleep 600").with("within_ms", 500);
    assert_eq!(chamber.run().ending(), &json!({ "how": "deadline" }));
    assert_eq!(chamber.processes(), [0; 0]);
}

#[test]
fn what_a_program_leaves_behind_ends_with_it() {
    let chamber = Chamber::new(&["leave"]);
    let came = chamber.run();
    assert_eq!(came.ending(), &json!({ "how": "exit", "code": 0 }), "{came:?}");
    assert_eq!(chamber.processes(), [0; 0]);
}

#[test]
fn a_program_does_not_outlive_its_launcher() {
    let chamber = Chamber::new(&["sleep"]);
    let mut launcher = chamber.started();
    let begun = Instant::now();
    while chamber.processes().len() < 2 && begun.elapsed() < Duration::from_secs(60) {
        std::thread::sleep(Duration::from_millis(10));
    }
    launcher.kill().unwrap();
    launcher.wait().unwrap();
    let begun = Instant::now();
    while !chamber.processes().is_empty() && begun.elapsed() < Duration::from_secs(60) {
        std::thread::sleep(Duration::from_millis(10));
    }
    assert_eq!(chamber.processes(), [0; 0]);
}

#[test]
fn what_cannot_be_started_is_refused_with_the_layer() {
    let refused = |chamber: Chamber| chamber.run().answer["refused"].as_str().unwrap().to_owned();
    let none = refused(shell("true").with("command", json!(["/none"])));
    assert!(none.contains("the program itself") && none.contains("error 2"), "{none}");
    let nowhere = refused(shell("true").with("folder", "/nowhere"));
    assert!(nowhere.contains("the program itself"), "{nowhere}");
    let layer = refused(shell("true").with("layers", json!(["/none/such"])));
    assert!(layer.contains("the root of its own"), "{layer}");
    for user in [0, 1_000, 99_999] {
        let user = refused(shell("true").with("host_user", user));
        assert!(user.contains("100000"), "{user}");
    }
    let name = refused(shell("true").with("name", "../../x"));
    assert!(name.contains("a run's name"), "{name}");
}

#[test]
fn layers_lie_over_each_other_and_stay_as_they_are() {
    let folder = tempfile::tempdir().unwrap();
    let script = "cat /app/file; echo changed > /app/file && cat /app/file; echo x > /app/new";
    let chamber = shell(script);
    let user = u32::try_from(chamber.spec["host_user"].as_u64().unwrap()).unwrap();
    let layer = |name: &str, text: &str| {
        let path = folder.path().join(name);
        for inside in ["usr", "lib", "lib64", "data", "app"] {
            std::fs::create_dir_all(path.join(inside)).unwrap();
        }
        std::fs::write(path.join("app/file"), text).unwrap();
        std::fs::write(path.join("attack"), "").unwrap();
        for inside in ["app", "app/file"] {
            std::os::unix::fs::chown(path.join(inside), Some(user), Some(user)).unwrap();
        }
        path
    };
    let layers = json!([layer("upper", "above "), layer("lower", "below ")]);
    let chamber = chamber.with("layers", layers).with("root", "write");
    let written = chamber.run();
    assert_eq!(written.out, "above changed\n", "{written:?}");
    let read = chamber.with("root", "read").run().out;
    let again = read.strip_prefix("above changed\n").unwrap();
    assert!(again.starts_with("above ") && again.contains("cannot create"), "{read}");
    let kept = std::fs::read_to_string(folder.path().join("upper/app/file")).unwrap();
    assert_eq!(kept, "above ");
    assert!(!folder.path().join("upper/app/new").exists());
}
