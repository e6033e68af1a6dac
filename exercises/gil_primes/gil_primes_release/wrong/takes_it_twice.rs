//! Takes the lock for each request, and has it already: it waits for itself.
//! expect: answer TIMEOUT not done after

fn answer_one(line: &Line, table: &Table<'_>, gil: &Gil) -> bool {
    let Some(words) = line.receive() else { return false };
    let thread = gil.attach();
    let answer = words.into_iter().map(|word| table.count(word)).sum();
    thread.release_around(|| line.send(answer));
    true
}
// NEXT REGION
    let _thread: Attached<'_> = gil.attach();
    while answer_one(line, table, gil) {}
    line.save();
