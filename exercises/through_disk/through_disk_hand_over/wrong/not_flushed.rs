//! Renames a draft whose content may not be on the disk yet.
//! expect: power FAIL power lost after rename

/// Puts `content` under `name`.
pub fn hand_over(files: &mut dyn Files, name: &str, content: &[u8]) -> io::Result<()> {
    let draft = format!("{name}.draft");
    let put = files.create(&draft).and_then(|()| files.append(&draft, content));
    let put = put.and_then(|()| files.rename(&draft, name));
    if put.is_err() {
        let _ = files.remove(&draft);
    }
    put?;
    files.sync(name)?;
    files.sync_folder()
}
