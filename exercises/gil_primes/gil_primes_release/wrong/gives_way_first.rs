//! Gives the lock away before each wait, and has it again when it waits.
//! expect: waits FAIL stood still

fn answer_one(line: &Line, table: &Table<'_>, thread: &Attached<'_>) -> bool {
    thread.release_around(|| ());
    let Some(words) = line.receive() else { return false };
    let answer = words.into_iter().map(|word| table.count(word)).sum();
    thread.checkpoint();
    line.send(answer);
    true
}
// NEXT REGION
    let thread = gil.attach();
    while answer_one(line, table, &thread) {}
    thread.checkpoint();
    line.save();
