//! A turn for every twenty throws, which are counted in it.
//! expect: turns PARTIAL times that the lock was taken

    for first in share.clone().step_by(20) {
        let _turn = dice.lock()?;
        for throw in first..share.end.min(first + 20) {
            let face = dice.face(throw);
            dice.set(face, dice.get(face) + 1);
        }
    }
