//! What the machine cannot do: a row that says so, and exit code 3.

use crate::house::House;

/// What a worker of the bound method is estimated to take for each entry of the cache, at least.
const BYTES_PER_ENTRY_AND_WORKER: u64 = 150;
const WORKERS: u64 = 256;
const ENTRIES_AT_MOST: u64 = 1 << 24;

/// So many entries that 256 caches of them cannot fit, and one may.
fn entries() -> Option<u64> {
    let meminfo = std::fs::read_to_string("/proc/meminfo").unwrap();
    let total = meminfo.lines().find_map(|line| line.strip_prefix("MemTotal:")?.trim().strip_suffix(" kB")).unwrap();
    let total_bytes = total.trim().parse::<u64>().unwrap() * 1024;
    let entries = total_bytes / (WORKERS * BYTES_PER_ENTRY_AND_WORKER);
    (entries <= ENTRIES_AT_MOST).then_some(entries)
}

#[test]
fn a_variant_that_needs_more_memory_than_there_is_says_how_much() {
    let Some(entries) = entries() else {
        eprintln!("skipped: this machine has more memory than any variant can ask for");
        return;
    };
    let entries = format!("cache_entries={entries}");
    let pools = ["pool_bound_method", "pool_bound_method_spawn"];
    let settings = ["--set", "items=0", "--set", "workers=256", "--set", &entries, "--json"];
    let ended = House::bare().lab(&[&["run", "bound_method", "serial"], &pools[..], &settings[..]].concat()).check(3);
    let answered = ended.answered();
    assert_eq!(answered.variants.len(), 3);
    for row in &answered.variants {
        if row.ok {
            // A small container on a large machine may be too small even for one cache.
            assert_eq!(row.name, "serial");
            continue;
        }
        let error = row.error.as_deref().unwrap();
        assert!(error.starts_with("not enough memory: about "), "{error}");
        let (needed, available) = error.split_once(" GiB needed, ").unwrap();
        let gib = |text: &str| text.split_ascii_whitespace().find_map(|word| word.parse::<f64>().ok()).unwrap();
        assert!(available.ends_with(" GiB available") && gib(needed) >= gib(available), "{error}");
        assert_eq!((&row.answer, row.elapsed_ns, row.processes.len()), (&None, None, 0));
    }
    for pool in pools {
        assert!(!answered.variant(pool).ok);
    }
}
