//! The characters of international Morse code (Recommendation ITU-R M.1677-1).

const CODES: [(char, &str); 53] = [
    ('A', ".-"),
    ('B', "-..."),
    ('C', "-.-."),
    ('D', "-.."),
    ('E', "."),
    ('F', "..-."),
    ('G', "--."),
    ('H', "...."),
    ('I', ".."),
    ('J', ".---"),
    ('K', "-.-"),
    ('L', ".-.."),
    ('M', "--"),
    ('N', "-."),
    ('O', "---"),
    ('P', ".--."),
    ('Q', "--.-"),
    ('R', ".-."),
    ('S', "..."),
    ('T', "-"),
    ('U', "..-"),
    ('V', "...-"),
    ('W', ".--"),
    ('X', "-..-"),
    ('Y', "-.--"),
    ('Z', "--.."),
    ('1', ".----"),
    ('2', "..---"),
    ('3', "...--"),
    ('4', "....-"),
    ('5', "....."),
    ('6', "-...."),
    ('7', "--..."),
    ('8', "---.."),
    ('9', "----."),
    ('0', "-----"),
    ('.', ".-.-.-"),
    (',', "--..--"),
    (':', "---..."),
    ('?', "..--.."),
    ('\'', ".----."),
    ('-', "-....-"),
    ('/', "-..-."),
    ('(', "-.--."),
    (')', "-.--.-"),
    ('"', ".-..-."),
    ('=', "-...-"),
    ('+', ".-.-."),
    ('@', ".--.-."),
    // Not in the recommendation, but in use everywhere.
    ('!', "-.-.--"),
    ('&', ".-..."),
    (';', "-.-.-."),
    ('_', "..--.-"),
];

/// The code of a character, in upper or lower case.
pub fn of(character: char) -> Option<&'static str> {
    let upper = character.to_ascii_uppercase();
    CODES.iter().find(|(known, _)| *known == upper).map(|(_, code)| *code)
}

/// The character of a code.
pub fn character(code: &str) -> Option<char> {
    CODES.iter().find(|(_, known)| *known == code).map(|(character, _)| *character)
}
