//! Submissions that mean harm: each gets its grade, and nothing of it is left.

use std::fs;
use std::os::unix::fs::MetadataExt;

use grading::grade::{self, Graded, SEED};
use grading::judge::Status;
use grading::manifest::Exercise;
use grading::source::Source;

use crate::{root, toolchain};

/// What a submission to `bound_method_cache` does in place of telling primes.
fn graded(body: &str) -> Graded {
    let mut exercise = Exercise::read(&root().join("exercises/bound_method/bound_method_cache"))
        .expect("the exercise is there and the grader works");
    exercise.deadline_s = 30;
    grade_with(&exercise, body)
}

fn grade_with(exercise: &Exercise, body: &str) -> Graded {
    let function = "#[derive(bincode::Encode, bincode::Decode)]\nstruct IsPrime;\n".to_owned();
    let regions = [
        function,
        "candidate > 1\n".to_owned(),
        format!("let mut answers = vec![false; candidates.len()];\nlet pool = Pool::start(Config::new(1))?;\n{body}\n"),
    ];
    let text = Source::read(&exercise.folder)
        .expect("the exercise is there and the grader works")
        .with(&regions)
        .expect("the exercise is there and the grader works");
    let before = leftovers();
    let graded = grade::grade(toolchain(), exercise, &text, SEED).expect("the exercise is there and the grader works");
    assert_eq!(leftovers(), before, "something is left behind");
    graded
}

/// Processes and files of the users that submissions run as.
fn leftovers() -> Vec<String> {
    let spare = |path: &std::path::Path| fs::symlink_metadata(path).is_ok_and(|meta| meta.uid() >= 200_000);
    let folders =
        ["/proc", "/dev/shm", "/tmp"].iter().flat_map(|folder| fs::read_dir(folder).into_iter().flatten().flatten());
    // Other tests' submissions run beside this one; their users differ, by thread.
    let own = grade::spare_user();
    let mut found: Vec<String> = folders
        .map(|entry| entry.path())
        .filter(|path| spare(path) && fs::symlink_metadata(path).is_ok_and(|meta| meta.uid() == own))
        .map(|path| path.display().to_string())
        .collect();
    found.sort();
    found
}

#[track_caller]
fn check_first(graded: &Graded, status: Status, says: &str) {
    let first = graded.tests.iter().find(|test| test.status != Status::Pass).expect("nothing of it is right");
    assert_eq!(first.status, status, "{graded:#?}");
    assert!(first.feedback.contains(says), "{graded:#?}");
    assert_eq!(graded.points, 0.0, "{graded:#?}");
}

/// Runs a line of shell.
fn shell(line: &str) -> String {
    format!("let _ = std::process::Command::new(\"/bin/sh\").args([\"-c\", {line:?}]).status();")
}

#[test]
fn a_fork_bomb_stays_within_its_limits() {
    check_first(&graded(&shell("bomb() { bomb | bomb & }; bomb; sleep 1")), Status::Fail, "");
}

#[test]
fn an_endless_loop_is_late() {
    let mut exercise = Exercise::read(&root().join("exercises/bound_method/bound_method_cache")).unwrap();
    exercise.deadline_s = 2;
    let graded = grade_with(&exercise, "loop { std::hint::spin_loop(); if candidates.is_empty() { break } }");
    check_first(&graded, Status::Timeout, "not done after 2 s");
}

#[test]
fn ten_gigabytes_are_not_to_be_had() {
    let graded = graded("let hoard = vec![1_u8; 10 << 30];\nanswers[0] = hoard[candidates.len()] == 1;");
    check_first(&graded, Status::Error, "signal 6");
}

#[test]
fn a_session_of_ones_own_is_no_escape() {
    check_first(&graded(&shell("setsid sleep 600 > /dev/null 2>&1 &")), Status::Fail, "left running");
}

#[test]
fn killing_the_parent_gains_nothing() {
    let body = "let stat = std::fs::read_to_string(\"/proc/self/stat\").unwrap_or_default();\n\
        let parent = stat.rsplit(')').next().and_then(|rest| rest.split_whitespace().nth(1)).unwrap_or(\"1\").to_owned();\n\
        let _ = std::process::Command::new(\"/bin/sh\").args([\"-c\", &format!(\"kill -9 {parent}\")]).status();";
    let graded = graded(body);
    // As another user it has no right to, and goes on; as the same user it is alone from then on.
    let (status, says) = if nix::unistd::Uid::effective().is_root() {
        (Status::Fail, "expected")
    } else {
        (Status::Error, "killed the process that watched it")
    };
    check_first(&graded, status, says);
}

#[test]
fn a_result_of_its_own_making_is_not_believed() {
    let body = "let forged = r#\"{\"holds\":{\"test\":\"answer\",\"fine\":true,\"saw\":\"\"}}\"#;\n\
        let lines = format!(\"{forged}\\n{} {forged}\\n{{\\\"done\\\":{{\\\"processes_left\\\":0}}}}\\n\", \"0\".repeat(32));\n\
        for number in 0..64 { let _ = std::fs::write(format!(\"/proc/self/fd/{number}\"), &lines); }\n\
        println!(\"{lines}\");\n\
        if !candidates.is_empty() { multiprocess_leaves() }";
    let leave = "/// Leaves as if all were well.\nfn multiprocess_leaves() { std::process::exit(0) }\n";
    let mut exercise = Exercise::read(&root().join("exercises/bound_method/bound_method_cache")).unwrap();
    exercise.deadline_s = 30;
    let function = format!("{leave}#[derive(bincode::Encode, bincode::Decode)]\nstruct IsPrime;\n");
    let regions = [
        function,
        "candidate > 1\n".to_owned(),
        format!("let answers = Vec::new();\nlet pool = Pool::start(Config::new(1))?;\n{body}\n"),
    ];
    let text = Source::read(&exercise.folder).unwrap().with(&regions).unwrap();
    let graded = grade::grade(toolchain(), &exercise, &text, SEED).unwrap();
    check_first(&graded, Status::Error, "left with code 0 before it was judged");
}

#[test]
fn deleting_files_hurts_nobody_else() {
    let marker = tempfile::NamedTempFile::new().unwrap();
    let body = "let here = std::env::current_dir().unwrap_or_default();\n\
        for folder in here.ancestors().take(2) { let _ = std::fs::remove_dir_all(folder); }";
    check_first(&graded(body), Status::Fail, "expected");
    assert!(marker.path().exists());
}

#[test]
fn a_gigabyte_of_output_is_thrown_away() {
    let body = "use std::io::Write;\nlet line = vec![b'x'; 1 << 20];\n\
        for _ in 0..1024 { let _ = std::io::stdout().write_all(&line); }";
    let graded = graded(body);
    check_first(&graded, Status::Fail, "expected");
    assert!(graded.printed.len() < 10_000, "{} bytes are kept", graded.printed.len());
}

#[test]
fn files_in_shared_folders_are_removed_and_told() {
    let graded = graded("let _ = std::fs::write(\"/dev/shm/unpickled-left-here\", \"mine\");");
    if nix::unistd::Uid::effective().is_root() {
        check_first(&graded, Status::Fail, "/dev/shm/unpickled-left-here");
    } else {
        let _ = fs::remove_file("/dev/shm/unpickled-left-here");
    }
}

#[test]
fn unsafe_code_does_not_compile() {
    let graded = graded("let zero: u8 = unsafe { std::mem::zeroed() };\nanswers[0] = zero == 0;");
    assert_eq!(graded.status, Status::DoesNotCompile);
    assert!(graded.printed.contains("unsafe"), "{}", graded.printed);
}

#[test]
fn a_check_that_can_be_read_would_be_no_secret() {
    let check = root().join("exercises/bound_method/bound_method_cache/check.rs");
    let from_the_root = check.display().to_string();
    for file in ["check.rs", "../check.rs", &from_the_root] {
        let graded = graded(&format!("answers[0] = include_str!({file:?}).is_empty();"));
        assert_eq!(graded.status, Status::DoesNotCompile, "{file}");
    }
    assert!(check.exists());
}

#[test]
fn the_memory_of_the_check_is_not_a_file() {
    let body = "for file in [\"/proc/self/mem\", \"/proc/self/environ\"] {\n\
        eprintln!(\"{:?}\", std::fs::File::open(file).map_err(|fault| fault.kind()));\n}";
    let graded = graded(body);
    if nix::unistd::Uid::effective().is_root() {
        assert_eq!(graded.printed.matches("Err(PermissionDenied)").count(), 2, "{}", graded.printed);
    }
}

#[test]
fn folders_too_deep_to_be_opened_at_once_are_removed() {
    let body = "for _ in 0..3_000 { std::fs::create_dir(\"d\")?; std::env::set_current_dir(\"d\")?; }";
    let body = body.replace(")?;", ").expect(\"a folder\");");
    let work = "if let Ok(here) = std::env::current_dir() { eprintln!(\"in {}\", here.display()); }";
    let graded = graded(&format!("{work}\n{body}"));
    let place = graded.printed.lines().find_map(|line| line.strip_prefix("in ")).expect("it said where it was");
    assert!(!std::path::Path::new(place).exists(), "{place} is left behind");
}

#[test]
fn calls_that_reach_into_memory_are_not_to_be_had() {
    let graded = graded("let _ = nix::sys::uio::process_vm_readv;");
    assert_eq!(graded.status, Status::DoesNotCompile, "{}", graded.printed);
}

#[test]
fn a_file_that_breaks_the_compiler_is_graded() {
    let exercise = Exercise::read(&root().join("exercises/bound_method/bound_method_cache")).unwrap();
    let deep = format!("fn main() {{ let _ = {}1{}; }}\n", "(".repeat(200_000), ")".repeat(200_000));
    let graded = grade::grade(toolchain(), &exercise, &deep, SEED).unwrap();
    assert_eq!(graded.status, Status::DoesNotCompile);
}

#[test]
fn what_would_steer_a_terminal_is_not_shown() {
    let graded = graded("eprintln!(\"\\u{1b}[2J\"); panic!(\"\\u{1b}[32mPASS {}\", \"long\".repeat(1_000));");
    check_first(&graded, Status::Error, "PASS");
    let feedback = &graded.tests[0].feedback;
    assert!(feedback.len() < 500 && !feedback.contains('\u{1b}') && !graded.printed.contains('\u{1b}'), "{graded:#?}");
}

#[test]
fn a_file_that_lost_what_was_asked_for_says_so() {
    let exercise = Exercise::read(&root().join("exercises/bound_method/bound_method_cache")).unwrap();
    let graded = grade::grade(toolchain(), &exercise, "//! Nothing.\nfn main() {}\n", SEED).unwrap();
    assert_eq!(graded.status, Status::DoesNotCompile);
    assert!(graded.printed.contains("no longer offers"), "{}", graded.printed);
}
