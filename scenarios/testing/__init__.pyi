from .attacks import run_attack_test as run_attack_test
from .channels import run_channel_test as run_channel_test
from .datasets import run_dataset_test as run_dataset_test
from .small import small_plan as small_plan
from .systems import run_system_test as run_system_test
