//! Tries each step until it succeeds, which it never does on a full disk.
//! expect: errors ERROR this goes on for ever

/// Puts `content` under `name`.
pub fn hand_over(files: &mut dyn Files, name: &str, content: &[u8]) -> io::Result<()> {
    let draft = format!("{name}.draft");
    loop {
        let put = files.create(&draft).and_then(|()| files.append(&draft, content)).and_then(|()| files.sync(&draft));
        if put.and_then(|()| files.rename(&draft, name)).and_then(|()| files.sync_folder()).is_ok() {
            return Ok(());
        }
    }
}
