//! Forgets that a name is content, too: that of the folder.
//! expect: power FAIL may bring the old content back

/// Puts `content` under `name`.
pub fn hand_over(files: &mut dyn Files, name: &str, content: &[u8]) -> io::Result<()> {
    let draft = format!("{name}.draft");
    let put = files.create(&draft).and_then(|()| files.append(&draft, content)).and_then(|()| files.sync(&draft));
    let put = put.and_then(|()| files.rename(&draft, name));
    if put.is_err() {
        let _ = files.remove(&draft);
    }
    put
}
