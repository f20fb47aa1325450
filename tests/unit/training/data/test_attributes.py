import pytest
import torch

from tests import builders
from training.data import Attributes, DataError, ImageSet, load_attributes, open_source
from training.data.attributes import load_partition

TEXT = "3\nSmiling Male Eyeglasses \na.jpg -1  1 -1\nb.jpg  1  1 -1\nc.jpg  1 -1  1\n"
CSV = "image_id,Smiling,Male,Eyeglasses\na.jpg,-1,1,-1\nb.jpg,1,1,-1\nc.jpg,1,-1,1\n"
WITH_PARTITION = "image_id,partition,Smiling,Male,Eyeglasses\na.jpg,train,-1,1,-1\nb.jpg,0,1,1,-1\nc.jpg,test,1,-1,1\n"
VALUES = [[0, 1, 0], [1, 1, 0], [1, 0, 1]]


def images(*names):
    return ImageSet(torch.zeros(len(names), 3, 2, 2, dtype=torch.uint8), torch.zeros(len(names)), names)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("list_attr_celeba.txt", TEXT),
        ("list_attr_celeba.txt", TEXT.replace("\n", "\r\n")),
        ("list_attr_celeba.csv", CSV),
        ("list_attr_celeba.csv", "\ufeff" + CSV),
        ("list_attr_celeba.csv", WITH_PARTITION),
        ("mine.txt", TEXT.partition("\n")[2].replace("-1", "0")),
    ],
    ids=["txt", "Windows", "csv", "byte order mark", "csv with partition", "without count, 0 and 1"],
)
def test_a_table_is_read_in_every_form(tmp_path, name, text):
    (tmp_path / name).write_bytes(text.encode())
    table = load_attributes(tmp_path / name)
    assert table.names == ("Smiling", "Male", "Eyeglasses")
    assert table.files == ("a.jpg", "b.jpg", "c.jpg")
    assert table.values.dtype == torch.int8
    assert table.values.tolist() == VALUES


def test_a_table_is_found_in_a_folder_or_a_zip(tmp_path):
    folder = tmp_path / "data"
    (folder / "celeba").mkdir(parents=True)
    (folder / "celeba" / "list_attr_celeba.txt").write_text(TEXT)
    for path in (folder, builders.write_zip(tmp_path / "data.zip", folder)):
        assert load_attributes(path).values.tolist() == VALUES


def test_rows_are_brought_into_the_order_of_the_images():
    table = Attributes(("Smiling", "Male", "Eyeglasses"), torch.tensor(VALUES, dtype=torch.int8), ("a", "b", "c"))
    aligned = table.of(images("img/c", "a"))
    assert aligned.files == ("c", "a")
    assert aligned.values.tolist() == [VALUES[2], VALUES[0]]
    assert aligned.column("Male").tolist() == [0, 1]


def test_an_image_without_a_row_is_an_error():
    table = Attributes(("Male",), torch.zeros(1, 1, dtype=torch.int8), ("a",))
    with pytest.raises(DataError, match="2 of 3 images have no row in the attribute table: x, y"):
        table.of(images("x", "a", "y"))


def test_an_unknown_attribute_is_named_with_those_there_are():
    table = Attributes(("Male", "Smiling"), torch.zeros(1, 2, dtype=torch.int8), ("a",))
    with pytest.raises(DataError, match="no attribute 'Smile'; there are Male, Smiling"):
        table.column("Smile")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "is empty"),
        ("3\nSmiling Male\n", "but there is no row"),
        ("Smiling Male\na.jpg 1\n", r"a file name and 2 values per row, but a\.jpg has 1"),
        ("Smiling Male\na.jpg 1 yes\n", "must hold -1 and 1 only, but holds yes"),
        ("image_id,Smiling\na.jpg,2\n", "but holds 2"),
    ],
    ids=["empty", "no row", "short row", "a word", "a number"],
)
def test_a_broken_table_is_refused_with_its_reason(tmp_path, text, reason):
    (tmp_path / "table.csv").write_text(text)
    with pytest.raises(DataError, match=reason) as refused:
        load_attributes(tmp_path / "table.csv")
    assert "table.csv" in str(refused.value)


def test_a_missing_table_is_named_with_its_place(tmp_path):
    with pytest.raises(DataError, match=rf"no attribute table \(list_attr_celeba.txt or .*lies in {tmp_path}"):
        load_attributes(tmp_path)
    with pytest.raises(DataError, match=r"gone\.csv cannot be read"):
        load_attributes(tmp_path / "gone.csv")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("list_eval_partition.txt", "a.jpg 0\nb.jpg 2\n"),
        ("list_eval_partition.csv", "image_id,partition\na.jpg,0\nb.jpg,2\n"),
    ],
)
def test_a_partition_list_is_read_in_both_forms(tmp_path, name, text):
    (tmp_path / name).write_text(text)
    assert load_partition(open_source(tmp_path)) == {"a.jpg": 0, "b.jpg": 2}


@pytest.mark.parametrize("text", ["a.jpg 3\n", "a.jpg\n", "a b.jpg 1\n"])
def test_a_broken_partition_list_is_refused(tmp_path, text):
    (tmp_path / "list_eval_partition.txt").write_text(text)
    with pytest.raises(DataError, match="must hold rows of a file name and 0, 1 or 2"):
        load_partition(open_source(tmp_path))
