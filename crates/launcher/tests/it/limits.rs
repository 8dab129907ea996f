//! Programs that take too much.

use serde_json::json;

use crate::chamber::Chamber;

#[test]
fn a_program_that_needs_too_much_memory_is_ended_and_the_reason_is_told() {
    let came = Chamber::new(&["memory"]).run();
    assert_eq!(came.ending(), &json!({ "how": "out_of_memory" }), "{came:?}");
    assert!(came.answer["memory_kills"].as_u64() > Some(0));
}

#[test]
fn what_is_written_into_memory_counts_and_a_full_place_says_so() {
    let came = Chamber::new(&["fill"]).run();
    assert_eq!(came.lines(), ["after 1048576: true"], "{came:?}");
    let large = json!({ "/tmp": 256 << 20 });
    let came = Chamber::new(&["fill"]).with("writable", large).run();
    assert_eq!(came.ending(), &json!({ "how": "out_of_memory" }), "{came:?}");
}

#[test]
fn a_fork_bomb_meets_its_limit_and_leaves_nothing() {
    let chamber = Chamber::new(&["forks"]).with("processes", 20);
    let came = chamber.run();
    assert_eq!(came.lines(), ["refused: true"], "{came:?}");
    assert!(came.answer["refused_forks"].as_u64() > Some(1_000), "{came:?}");
    assert_eq!(chamber.processes(), [0; 0]);
}

#[test]
fn processor_time_is_shared_out() {
    let came = Chamber::new(&["spin"]).with("cpu_millis", 250).run();
    let used = came.answer["cpu_us"].as_u64().unwrap();
    // Two seconds of a quarter of a processor, with a period of grace at both ends.
    assert!(used < 1_000_000, "{came:?}");
}
