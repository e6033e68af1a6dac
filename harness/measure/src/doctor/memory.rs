//! Memory, and the rooms that are made of it; the disk that the records go to.

use record::{Environment, Profile};

use super::{NOT_TOLD, Need, Now, State, Symptom, size};

const MIB: u64 = 1 << 20;
/// A pipe that a user may ask for on a kernel with its own defaults.
const USUAL_PIPE: u64 = 1 << 20;

pub(super) fn symptoms(environment: &Environment, now: &Now, needs: &[Need]) -> Vec<Symptom> {
    vec![
        available(environment, needs),
        limit(environment),
        swap(environment),
        huge_pages(environment),
        huge_pages_defrag(environment),
        pipe(environment),
        shm(now),
        disk(now),
    ]
}

/// What is available against the largest need of each profile. That a profile is too large for the machine is said elsewhere, lesson by
/// lesson; here counts whether the usual ones fit.
fn available(environment: &Environment, needs: &[Need]) -> Symptom {
    let there = environment.available_bytes;
    let largest = |profile| needs.iter().filter(|need| need.profile == profile).max_by_key(|need| need.bytes);
    let too_small = |profile| {
        needs.iter().filter(|need| need.profile == profile).any(|need| need.note.is_some() || !need.starved.is_empty())
    };
    let state = if there == 0 {
        State::NotKnown
    } else if too_small(Profile::Quick) {
        State::Spoils
    } else if too_small(Profile::Standard) {
        State::MaySpoil
    } else {
        State::Fine
    };
    let asked = |profile: Profile| {
        let need = largest(profile)?;
        Some(format!("{} {} ({})", profile.name(), size(need.bytes), need.lesson))
    };
    let asked: Vec<String> = Profile::ALL.into_iter().filter_map(asked).collect();
    let there = if there == 0 { NOT_TOLD.to_owned() } else { size(there) };
    let found =
        if asked.is_empty() { there } else { format!("{there}; the most that is needed: {}", asked.join(", ")) };
    Symptom::new("memory available", found, state, "sizes: what does not fit is made smaller, or not started")
        .mend("end what holds memory, or take `--profile quick`; in a container, raise its limit")
}

/// A limit is no fault: what it leaves is what counts, and that is the line above.
fn limit(environment: &Environment) -> Symptom {
    let found = environment
        .memory_limit_bytes
        .map_or("none".to_owned(), |bytes| format!("{} of {}", size(bytes), size(environment.memory_bytes)));
    Symptom::new("memory limit", found, State::Fine, "large sizes: whoever reaches it is slowed down, and then killed")
}

fn swap(environment: &Environment) -> Symptom {
    let (found, state) = match (environment.swap_bytes, environment.swap_used_bytes) {
        (Some(0), _) => ("none".to_owned(), State::Fine),
        (Some(all), Some(used)) => {
            let readily = environment.swappiness.map_or_else(String::new, |how| format!(", swappiness {how}"));
            let state = if used >= 64 * MIB { State::MaySpoil } else { State::Fine };
            (format!("{} of {} in use{readily}", size(used), size(all)), state)
        }
        _ => (NOT_TOLD.to_owned(), State::NotKnown),
    };
    Symptom::new("swap", found, state, "large sizes: a page that was swapped out costs a read from disk")
        .mend_as_root("`swapoff -a && swapon -a`, once there is memory for what it holds")
}

fn huge_pages(environment: &Environment) -> Symptom {
    let state = match environment.huge_pages.as_deref() {
        None => State::NotKnown,
        Some("always") => State::MaySpoil,
        Some(_) => State::Fine,
    };
    let found = environment.huge_pages.as_deref().unwrap_or(NOT_TOLD);
    Symptom::new(
        "huge pages",
        found,
        state,
        "faults and forks: some processes get large pages and some do not, by chance",
    )
    .mend_as_root("`echo madvise > /sys/kernel/mm/transparent_hugepage/enabled`")
}

fn huge_pages_defrag(environment: &Environment) -> Symptom {
    let state = match environment.huge_pages_defrag.as_deref() {
        None => State::NotKnown,
        Some("always") => State::MaySpoil,
        Some(_) => State::Fine,
    };
    let found = environment.huge_pages_defrag.as_deref().unwrap_or(NOT_TOLD);
    Symptom::new(
        "huge pages, defrag",
        found,
        state,
        "faults: whoever asks for memory waits while the kernel moves other pages",
    )
    .mend_as_root("`echo madvise > /sys/kernel/mm/transparent_hugepage/defrag`")
}

fn pipe(environment: &Environment) -> Symptom {
    let state = State::of_high(environment.pipe_max_bytes, USUAL_PIPE, 1);
    let found = environment.pipe_max_bytes.map_or(NOT_TOLD.to_owned(), size);
    Symptom::new("largest pipe", found, state, "bulk transfers: a pipe of 1 MiB cannot be made")
        .mend_as_root(format!("`sysctl fs.pipe-max-size={USUAL_PIPE}`"))
}

fn shm(now: &Now) -> Symptom {
    let state = State::of_high(now.shm_free_bytes, 256 * MIB, MIB);
    let found = now.shm_free_bytes.map_or(NOT_TOLD.to_owned(), |bytes| format!("{} free", size(bytes)));
    Symptom::new("/dev/shm", found, state, "named segments: one that does not fit ends its process with SIGBUS")
        .mend_as_root("`docker run --shm-size 1g` or `mount -o remount,size=1g /dev/shm`")
}

fn disk(now: &Now) -> Symptom {
    let state = State::of_high(now.disk_free_bytes, 1024 * MIB, 64 * MIB);
    let found = now.disk_free_bytes.map_or(NOT_TOLD.to_owned(), |bytes| format!("{} free", size(bytes)));
    Symptom::new("disk for records", found, state, "the record: a run that cannot be written ends")
        .mend("make room where the checkout is")
}
