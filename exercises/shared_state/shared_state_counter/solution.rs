//! Lose nothing, and wait for nobody.
//!
//! Three processes count together how often a die fell on each face, on a table in shared memory. To add 1 is to read a number and to write
//! another. A rival is there who adds 1 to any number that you have read and do not guard any more: what you then write wipes out what he added.
//!
//! First lose nothing: `dice.lock()` keeps everybody else out until its result is dropped. Then take the lock seldom, and hold it only as long as
//! you have to, because whoever waits for it counts nothing. Counted are the times that the lock is taken, and the throws that are looked
//! at while it is held.

use std::ops::Range;
use std::process::ExitCode;
use std::time::Duration;

use exercises::{Dice, Sheet};
use multiprocess::{Error, Process, Status};

/// Counts the throws of one process's share.
fn count_share(dice: &Dice, share: Range<usize>) -> Result<(), Error> {
    // BEGIN SOLUTION
    //| // TODO: the rival comes between `get` and `set`.
    //| for throw in share {
    //|     let face = dice.face(throw);
    //|     dice.set(face, dice.get(face) + 1);
    //| }
    // What nobody else sees needs no lock.
    let mut own = [0; 6];
    for throw in share {
        own[dice.face(throw)] += 1;
    }
    let _turn = dice.lock()?;
    for (face, count) in own.into_iter().enumerate() {
        dice.set(face, dice.get(face) + count);
    }
    // END SOLUTION
    Ok(())
}

/// Counts all throws, by so many processes.
pub fn count(dice: &Dice, processes: usize) -> Result<(), Error> {
    let share = |process: usize| dice.throws() * process / processes..dice.throws() * (process + 1) / processes;
    let life = |process: usize| match count_share(dice, share(process)) {
        Ok(()) => 0,
        Err(fault) => {
            eprintln!("process {process}: {fault}");
            1
        }
    };
    let start = |process| Process::start(&[dice], || life(process));
    let mut started = (0..processes).map(start).collect::<Result<Vec<_>, _>>()?;
    for process in &mut started {
        let status = process.join(Duration::from_secs(60))?.status;
        if status != Status::Exited(0) {
            eprintln!("process {} has not counted its share: {status:?}", process.pid());
        }
    }
    Ok(())
}

fn main() -> ExitCode {
    multiprocess::init();
    let throws: Vec<u8> = (0..6_000_u32).map(|throw| (throw * throw % 7 % 6) as u8).collect();
    let dice = Dice::new(&throws).expect("shared memory");
    count(&dice, 3).expect("three processes");
    let mut sheet = Sheet::new();
    println!("     counted {:?}", dice.counted());
    sheet.holds("nothing is lost", dice.counted() == [858, 1_714, 1_714, 0, 1_714, 0]);
    sheet.at_most("times the lock was taken", dice.turns(), 60);
    sheet.at_most("throws looked at in one turn", dice.longest_turn(), 100);
    sheet.end()
}
