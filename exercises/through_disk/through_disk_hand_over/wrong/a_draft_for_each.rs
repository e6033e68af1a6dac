//! A draft with a name of its own for each process: what a killed one has left stays for ever.
//! expect: leftovers FAIL files too many

/// Puts `content` under `name`.
pub fn hand_over(files: &mut dyn Files, name: &str, content: &[u8]) -> io::Result<()> {
    let draft = format!("{name}.{}", std::process::id());
    let put = files.create(&draft).and_then(|()| files.append(&draft, content)).and_then(|()| files.sync(&draft));
    let put = put.and_then(|()| files.rename(&draft, name));
    if put.is_err() {
        let _ = files.remove(&draft);
    }
    put?;
    files.sync_folder()
}
