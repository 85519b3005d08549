//! Rows that other rows lead to: two references to one table, the first of another table's rows,
//! and ways that link nothing.

use crate::nl::builtin::testing::context;
use crate::nl::builtin::testing::sql;
use crate::nl::builtin::translate;

const SCHOOL: &str = "
    departments: id int pk, name text
    teachers: id int pk, name text, age int, department_id int -> departments
    courses: id int pk, title text, credits int, department_id int -> departments
    lessons: course_id int pk -> courses, teacher_id int pk -> teachers
    students: id int pk, name text, advisor_id int -> teachers
";

const FREIGHT: &str = "
    warehouses: id int pk, name text, city text {Hamburg|Lyon|Turin}
    shipments: id int pk, origin_id int -> warehouses, destination_id int -> warehouses, weight number
";

fn school(question: &str) -> String {
    let answer = translate(question, &context(SCHOOL));
    answer.expect("the question is answered").sql
}

fn freight(question: &str) -> String {
    let answer = translate(question, &context(FREIGHT));
    answer.expect("the question is answered").sql
}

#[test]
fn two_rows_of_one_parent_are_not_linked_by_it() {
    assert_eq!(
        school("names of teachers and the courses they teach"),
        "SELECT t.name, c.title FROM public.teachers AS t \
         JOIN public.lessons AS l ON l.teacher_id = t.id \
         JOIN public.courses AS c ON c.id = l.course_id"
    );
    assert!(!school("teachers who teach no course").contains("departments"));
}

#[test]
fn a_reference_without_a_table_of_its_name_is_a_role() {
    assert_eq!(
        school("students whose advisor is 'Ada'"),
        "SELECT s.name FROM public.students AS s WHERE EXISTS (SELECT 1 FROM public.teachers AS t \
         WHERE t.id = s.advisor_id AND t.name = 'Ada')"
    );
}

#[test]
fn prepositions_tell_where_from_and_where_to() {
    assert_eq!(
        freight("average weight of shipments from Hamburg to Lyon"),
        "SELECT avg(s.weight) AS average_weight FROM public.shipments AS s \
         WHERE EXISTS (SELECT 1 FROM public.warehouses AS w \
         WHERE w.id = s.origin_id AND w.city = 'Hamburg') \
         AND EXISTS (SELECT 1 FROM public.warehouses AS w2 \
         WHERE w2.id = s.destination_id AND w2.city = 'Lyon')"
    );
    let arriving = freight("number of shipments arriving at each warehouse");
    assert!(arriving.contains("w.id = s.destination_id"), "{arriving}");
    assert!(translate("shipments in Hamburg", &context(FREIGHT)).is_err());
}

#[test]
fn rows_of_the_first_of_another_table_are_all_of_its_rows() {
    assert_eq!(
        school("how many courses does the oldest teacher teach"),
        "SELECT count(*) AS count FROM public.courses AS c WHERE EXISTS (SELECT 1 \
         FROM public.lessons AS l JOIN public.teachers AS t ON t.id = l.teacher_id \
         WHERE l.course_id = c.id AND t.id IN (SELECT t2.id FROM public.teachers AS t2 \
         ORDER BY t2.age DESC NULLS LAST LIMIT 1))"
    );
    assert_eq!(
        sql("items of the most expensive product"),
        "SELECT o.id, o.order_id, o.product_id, o.quantity FROM public.order_items AS o \
         JOIN public.products AS p ON p.id = o.product_id \
         WHERE p.id IN (SELECT p2.id FROM public.products AS p2 \
         ORDER BY p2.price DESC NULLS LAST LIMIT 1)"
    );
}

#[test]
fn the_row_with_the_first_of_its_own_rows_is_one() {
    assert_eq!(
        sql("name of the category with the most expensive product"),
        "SELECT c.name FROM public.categories AS c \
         JOIN public.products AS p ON p.category_id = c.id \
         ORDER BY p.price DESC NULLS LAST LIMIT 1"
    );
}

const ZOO: &str = "
    keepers: id int pk, last_name text
    animals: id int pk, name text
    feedings: id int pk, keeper_id int -> keepers, animal_id int -> animals, food text
    keeper_animals: keeper_id int pk -> keepers, animal_id int pk -> animals
";

#[test]
fn a_link_called_after_both_sides_outranks_what_merely_refers_to_both() {
    let answer = translate("keepers without animals", &context(ZOO));
    let sql = answer.expect("the question is answered").sql;
    assert!(sql.contains("keeper_animals"), "{sql}");
    assert!(!sql.contains("feedings"), "{sql}");
}
