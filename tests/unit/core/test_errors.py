import inspect

from app.core import errors


def all_errors():
    return [each for _, each in inspect.getmembers(errors, inspect.isclass) if issubclass(each, errors.TenantryError)]


def test_errors_every_class_is_drawn_in_the_docstring():
    assert [each.__name__ for each in all_errors() if each.__name__ not in errors.__doc__] == []


def test_known_errors_carry_a_sentence_and_a_remedy_of_their_kind():
    for kind in all_errors():
        if issubclass(kind, errors.KnownError):
            error = kind("It did not work.")
            assert (error.sentence, error.remedy) == ("It did not work.", kind.default_remedy)
            assert kind("x", remedy="Do y.").remedy == "Do y."
            assert str(error) == "It did not work."


def test_stale_plan_is_a_conflict():
    assert issubclass(errors.StalePlan, errors.Conflict)


def test_invalid_names_its_fields():
    error = errors.Invalid("Wrong.", fields=(errors.FieldError("title", "Enter a title."),))
    assert [(each.field, each.message) for each in error.fields] == [("title", "Enter a title.")]
