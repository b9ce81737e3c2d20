//! From samples to a text, at any speed: the lengths of sounds and pauses are compared with each
//! other.

use crate::code;
use crate::wav::Sound;
use alloc::string::String;
use alloc::vec::Vec;

/// Looks at the loudness a second: 5 ms each.
const LOOKS: u32 = 200;
/// A dot of the speed at which this plugin speaks, in looks.
const USUAL_UNIT: usize = 12;
/// What is quieter is not meant to be heard.
const QUIET: u16 = 300;

/// A sound or a pause, in looks.
struct Run {
    on: bool,
    length: usize,
}

/// What was sent, in upper case, with one space between words.
pub fn text(sound: &Sound) -> Result<String, String> {
    let runs = runs(sound)?;
    let Some(dash_from) =
        runs.iter().map(|run| run.length).min().map(|least| halfway(&runs, least))
    else {
        return Err("nothing is to be heard".into());
    };
    let mut text = String::new();
    let mut code = String::new();
    for run in &runs {
        // In thirds of a look, like the measure.
        let length = run.length * 3;
        match run.on {
            true => code.push(if length < dash_from { '.' } else { '-' }),
            false if length < dash_from => {}
            false => {
                finish(&mut text, &mut code)?;
                // Half way between the 3 units between letters and the 7 between words.
                if 2 * length >= 5 * dash_from {
                    text.push(' ');
                }
            }
        }
    }
    finish(&mut text, &mut code)?;
    Ok(text)
}

fn finish(text: &mut String, code: &mut String) -> Result<(), String> {
    let Some(character) = code::character(code) else {
        return Err(["`", code, "` is no character of Morse code"].concat());
    };
    text.push(character);
    code.clear();
    Ok(())
}

/// The sounds and the pauses between them.
fn runs(sound: &Sound) -> Result<Vec<Run>, String> {
    let look = (sound.rate / LOOKS).max(1) as usize;
    let loudness: Vec<u16> =
        sound.levels.chunks(look).map(|look| look.iter().copied().max().unwrap_or(0)).collect();
    let peak = loudness.iter().copied().max().unwrap_or(0);
    if peak < QUIET {
        return Err("nothing is to be heard".into());
    }
    let mut runs: Vec<Run> = Vec::new();
    for level in loudness {
        let on = level > peak / 2;
        match runs.last_mut() {
            Some(run) if run.on == on => run.length += 1,
            None if !on => {}
            _ => runs.push(Run { on, length: 1 }),
        }
    }
    runs.pop_if(|run| !run.on);
    Ok(runs)
}

/// Two units, which divide dots from dashes, in thirds of a look.
///
/// The shortest run is one unit, as any dot and any pause within a character is, or three where
/// there is neither: then all are of 3 or 7 units. If all are alike, the usual speed decides.
fn halfway(runs: &[Run], least: usize) -> usize {
    let is_seven_thirds = |run: &Run| (17 * least..27 * least).contains(&(10 * run.length));
    let all_alike = runs.iter().all(|run| 10 * run.length < 17 * least);
    let is_dash = runs.iter().any(is_seven_thirds) || (all_alike && least >= 2 * USUAL_UNIT);
    if is_dash { 2 * least } else { 6 * least }
}
