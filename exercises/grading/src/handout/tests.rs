//! The handout as a folder: what is in it, what is not, and what happens to it the second time.

use super::*;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn whole(with_solutions: bool) -> (Vec<Exercise>, Files) {
    let exercises = crate::manifest::all(&root()).unwrap();
    let files = handout(&root(), &exercises, with_solutions).unwrap();
    (exercises, files)
}

fn text<'a>(files: &'a Files, path: &str) -> &'a str {
    std::str::from_utf8(&files[Path::new(path)].bytes).unwrap()
}

#[test]
fn a_student_gets_skeletons_and_nothing_that_tells_the_solution() {
    let (exercises, files) = whole(false);
    for exercise in &exercises {
        let source = Source::read(&exercise.folder).unwrap();
        let path = format!("exercises/{}/{}.rs", exercise.lesson, exercise.name);
        assert_eq!(text(&files, &path), source.skeleton(), "{path}");
        let told = files.iter().find(|(_, file)| file.bytes == source.solution().as_bytes());
        assert!(told.is_none(), "{told:?}");
        // A line of the hidden check, whichever it is.
        let check = fs::read_to_string(exercise.folder.join("check.rs")).unwrap();
        let line = check.lines().find(|line| line.starts_with("fn ") && !line.contains("main")).unwrap();
        let told = files.iter().find(|(_, file)| String::from_utf8_lossy(&file.bytes).contains(line));
        assert!(told.is_none(), "{}: {told:?}", exercise.name);
    }
    let out_of_place = |path: &&PathBuf| {
        let name = path.to_string_lossy();
        ["solution", "wrong", "check.rs", "grading", "benches", "fuzz"].iter().any(|word| name.contains(word))
    };
    assert_eq!(files.keys().find(out_of_place), None);
}

#[test]
fn only_exercises_and_a_readme_are_where_rustlings_allows_nothing_else() {
    let (exercises, files) = whole(true);
    for folder in ["exercises", "solutions"] {
        let there: Vec<&PathBuf> = files.keys().filter(|path| path.starts_with(folder)).collect();
        assert_eq!(there.len(), exercises.len(), "{there:?}");
        assert!(there.iter().all(|path| path.components().count() == 3), "{there:?}");
    }
}

#[test]
fn the_list_of_programs_is_as_rustlings_writes_it() {
    let (exercises, files) = whole(true);
    let cargo = text(&files, "Cargo.toml");
    let list = cargo.split("bin = [").nth(1).unwrap().split(']').next().unwrap();
    assert_eq!(list.lines().count(), 1 + 2 * exercises.len());
    let first = &exercises[0];
    let (name, lesson) = (&first.name, &first.lesson);
    let lines = format!(
        "\n  {{ name = \"{name}\", path = \"exercises/{lesson}/{name}.rs\" }},\n  {{ name = \"{name}_sol\", path = \"solutions/{lesson}/{name}.rs\" }},\n"
    );
    assert!(list.starts_with(&lines), "{list}");
    assert!(!text(&whole(false).1, "Cargo.toml").contains("_sol"));
}

#[test]
fn the_manifest_of_rustlings_holds_every_exercise_by_its_rules() {
    let (exercises, files) = whole(false);
    let info: toml::Table = text(&files, "info.toml").parse().unwrap();
    assert_eq!(info["format_version"].as_integer(), Some(1));
    let listed = info["exercises"].as_array().unwrap();
    assert_eq!(listed.len(), exercises.len());
    for (listed, exercise) in listed.iter().zip(&exercises) {
        let name = listed["name"].as_str().unwrap();
        assert_eq!((name, listed["dir"].as_str()), (exercise.name.as_str(), Some(exercise.lesson.as_str())));
        assert!(name.len() <= 32 && name.bytes().all(|letter| letter.is_ascii_alphanumeric() || letter == b'_'));
        assert_eq!(listed["test"].as_bool(), Some(false));
        let hint = listed["hint"].as_str().unwrap();
        assert!(exercise.hints.iter().all(|part| hint.contains(part.as_str())), "{hint}");
        let file = text(&files, &format!("exercises/{}/{name}.rs", exercise.lesson));
        assert!(file.contains("fn main()") && file.contains("// TODO") && !file.contains("#[test]"), "{name}");
    }
}

#[test]
fn manifests_inherit_only_what_the_handout_has() {
    let (_, files) = whole(false);
    let root: toml::Table = text(&files, "Cargo.toml").parse().unwrap();
    let shared = root["workspace"]["dependencies"].as_table().unwrap();
    for path in ["Cargo.toml", "runtime/Cargo.toml", "support/Cargo.toml"] {
        let manifest: toml::Table = text(&files, path).parse().unwrap();
        for section in ["dev-dependencies", "test", "bench", "example"] {
            assert!(!manifest.contains_key(section), "{path} has {section}");
        }
        for name in manifest["dependencies"].as_table().unwrap().keys() {
            assert!(shared.contains_key(name), "{path}: {name}");
        }
    }
    for ours in ["multiprocess", "exercises"] {
        let place = shared[ours]["path"].as_str().unwrap();
        assert!(files.contains_key(&Path::new(place).join("src/lib.rs")), "{place}");
    }
    assert!(
        text(&files, "Cargo.lock").contains("name = \"handout\"")
            && !text(&files, "Cargo.lock").contains("\"criterion\"")
    );
}

#[test]
fn the_list_of_hashes_knows_every_other_file() {
    let (_, files) = whole(false);
    let known = hashes(text(&files, PROTECTED));
    assert_eq!(known.len() + 1, files.len());
    assert!(known.iter().all(|(path, known)| hash(&files[path].bytes) == *known));
    assert!(is_protected(Path::new("runtime/src/lib.rs")) && !is_protected(Path::new("exercises/a/a_b.rs")));
}

fn few(pairs: &[(&str, &str)]) -> Files {
    let mut files: Files = pairs.iter().map(|(path, text)| (path.into(), File::from((*text).to_owned()))).collect();
    let list: String = pairs.iter().map(|(path, text)| format!("{}  {path}\n", hash(text.as_bytes()))).collect();
    files.insert(PROTECTED.into(), list.into());
    files
}

#[test]
fn what_a_student_changed_is_left_and_the_rest_brought_up_to_date() {
    let folder = tempfile::tempdir().unwrap();
    let read = |path: &str| fs::read_to_string(folder.path().join(path)).unwrap();
    let first = place(&few(&[("a/mine.rs", "TODO"), ("a/other.rs", "TODO")]), folder.path()).unwrap();
    assert_eq!(first, Placed { written: 2, left: vec![] });
    fs::write(folder.path().join("a/mine.rs"), "solved").unwrap();
    let newer = few(&[("a/mine.rs", "TODO!"), ("a/other.rs", "TODO!"), ("a/third.rs", "TODO!")]);
    let again = place(&newer, folder.path()).unwrap();
    assert_eq!(again, Placed { written: 2, left: vec!["a/mine.rs".into()] });
    assert_eq!((read("a/mine.rs"), read("a/other.rs")), ("solved".to_owned(), "TODO!".to_owned()));
    // And once more: what was left stays left.
    assert_eq!(place(&newer, folder.path()).unwrap(), Placed { written: 0, left: vec!["a/mine.rs".into()] });
}

#[test]
fn what_cargo_changed_is_no_students_work() {
    let folder = tempfile::tempdir().unwrap();
    place(&few(&[("Cargo.lock", "ours")]), folder.path()).unwrap();
    fs::write(folder.path().join("Cargo.lock"), "cargo's").unwrap();
    let again = place(&few(&[("Cargo.lock", "ours")]), folder.path()).unwrap();
    assert_eq!(again, Placed { written: 1, left: vec![] });
}

#[test]
fn without_the_list_every_file_that_differs_is_somebodys_work() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("notes.txt"), "mine").unwrap();
    let placed = place(&few(&[("notes.txt", "ours")]), folder.path()).unwrap();
    assert_eq!(placed.left, [PathBuf::from("notes.txt")]);
    assert_eq!(fs::read_to_string(folder.path().join("notes.txt")).unwrap(), "mine");
}

#[test]
fn the_same_files_make_the_same_archive_and_no_archive_is_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    let mut files = few(&[("a/b.rs", "text")]);
    files.insert("run".into(), File { bytes: b"#!/bin/sh\n".to_vec(), executable: true });
    let [one, two] = ["one.zip", "two.zip"].map(|name| folder.path().join(name));
    pack(&files, &one, "top").unwrap();
    pack(&files, &two, "top").unwrap();
    assert_eq!(fs::read(&one).unwrap(), fs::read(&two).unwrap());
    assert!(pack(&files, &one, "top").unwrap_err().to_string().contains("is there already"));
    let mut archive = zip::ZipArchive::new(fs::File::open(&one).unwrap()).unwrap();
    assert_eq!(archive.by_name("top/run").unwrap().unix_mode().map(|mode| mode & 0o777), Some(0o755));
    assert!(archive.by_name("top/a/b.rs").is_ok());
}
