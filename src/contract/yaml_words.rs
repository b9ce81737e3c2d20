//! What is wrong with a YAML text, in words for people.

/// The parser's message in plainer words, without its positions.
pub(crate) fn yaml_problem(error: &serde_yaml::Error) -> String {
    let text = error.to_string();
    let problem = text.split(" at line ").next().unwrap_or(&text);
    let problem = problem.split(", while ").next().unwrap_or(problem);
    let opened = [("flow mapping", '{'), ("flow sequence", '[')];
    let bracket = opened.iter().find(|(what, _)| text.contains(&format!("while parsing a {what}")));
    if let Some((_, bracket)) = bracket {
        return format!("a `{bracket}` is opened and not closed before this");
    }
    match problem {
        "mapping values are not allowed in this context" => {
            "`: ` inside a value that is not quoted".into()
        }
        "found character that cannot start any token" => {
            "this character can't begin a value that is not quoted".into()
        }
        "could not find expected ':'" => "this line, or the one before, is no `key: value`".into(),
        "did not find expected key" => {
            "no key is found where one is expected: the indentation, or a quote, is off".into()
        }
        "did not find expected node content" => "a `[` or `{` is not closed before this".into(),
        "did not find expected alphabetic or numeric character" => {
            "`*` and `&` can't begin a value that is not quoted".into()
        }
        "could not find expected directive name" | "found unknown directive name" => {
            "`%` can't begin a line".into()
        }
        "found unexpected end of stream" => "a quote is not closed before the end".into(),
        _ => problem.to_owned(),
    }
}
